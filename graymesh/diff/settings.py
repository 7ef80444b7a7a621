"""What engines are told besides routes: guards, limits, instances, tokens, names; and which of it protects less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from graymesh.diagnostic import Pointer
from graymesh.diff.model import Kind, Trend
from graymesh.ir.plan import Guards
from graymesh.ir.release import Facts, Release, Scalar
from graymesh.ir.settings import SPEC_SETTINGS, SettingRow
from graymesh.ir.wording import setting, value_in_words

NOT_SET: Final = "not set"
VERSION: Final = "version"
RETIRED: Final = "retired"


@dataclass(frozen=True, kw_only=True)
class Told:
    """One setting that differs. `keys` are the facts that say so, for asking engines whether they see it.

    `once_for_all` settings are said once for several versions.
    """

    kind: Kind = "setting"
    who: str
    what: str
    old: str
    new: str
    trend: Trend = "changed"
    path: Pointer
    keys: tuple[tuple[str, str], ...] = ()
    once_for_all: bool = False


def setting_changes(old: Release, new: Release) -> Iterator[Told]:
    """All settings that differ, those of several versions that differ alike as one."""
    found: dict[tuple[str, ...], Told] = {}
    for told in _facts(old, new):
        key: tuple[str, ...] = (told.what, told.old, told.new)
        before = found.get(key)
        if before and told.once_for_all:
            told = replace(before, who=f"{before.who}, {told.who}", keys=(*before.keys, *told.keys))
        elif before:
            key = (*key, told.who)
        found[key] = told
    yield from found.values()
    yield from _release(old, new)


def holder_changes(old: Guards, new: Guards) -> Iterator[Told]:
    """Who takes the canary back when a guard is broken, while there are guards on both sides."""
    guarded = all(replace(each, enforced_by="") != Guards() for each in (old, new))
    if guarded and old.enforced_by != new.enforced_by:
        said = (old.enforced_by or "the targets", new.enforced_by or "the targets")
        yield _of_release("the guards", "holder", *said, ("spec", "guards", "enforcedBy"))


def trend_of(row: SettingRow, old: Scalar | None, new: Scalar | None) -> Trend:
    """Does the setting protect less than before?"""
    if old is None and row.protects == "trust":
        return "added"  # whoever is believed now was not before, and nobody may have verified what they say
    if old is None:
        return "stricter" if row.protects else "added"
    if new is None:
        return "removed" if row.protects else "changed"
    if isinstance(old, int) and isinstance(new, int) and row.weaker:
        return "weaker" if (new > old) == (row.weaker == "more") else "stricter"
    return "changed"


def facts_of_both(old: Facts, new: Facts) -> Iterator[tuple[tuple[str, str], Scalar | None, Scalar | None]]:
    """Every fact that differs, with both values."""
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            yield key, old.get(key), new.get(key)


def _facts(old: Release, new: Release) -> Iterator[Told]:
    shared = {"", *(version.name for version in old.versions)} & {"", *(version.name for version in new.versions)}
    canaries = {v.name for v in old.versions if v.canary} & {v.name for v in new.versions if v.canary}
    differing: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for key, _, _ in facts_of_both(old.facts, new.facts):
        # What comes or goes with a version is told with it; a stable version has no guards.
        if key[0] in (canaries if SPEC_SETTINGS.of(key[1]).scope == "canaries" else shared):
            differing.setdefault((key[0], _group(key[1])), []).append(key)
    for (version, group), keys in differing.items():
        sides = [[each for each in side.facts if (each[0], _group(each[1])) == (version, group)] for side in (old, new)]
        if all(sides):
            yield from (_fact(old, new, key) for key in keys)
        else:
            yield _whole(old, new, version, group, sides[0] or sides[1])


def _group(name: str) -> str:
    """The key of the spec whose parts come and go together: `guards.errorRate`, `outlier`."""
    row = SPEC_SETTINGS.of(name)
    return row.group or row.words(name)


def _fact(old: Release, new: Release, key: tuple[str, str]) -> Told:
    (version, name), before, after = key, old.facts.get(key), new.facts.get(key)
    row = SPEC_SETTINGS.of(name)
    return Told(
        who=version or "every request",
        what=row.words(name),
        old=NOT_SET if before is None else value_in_words(name, before, SPEC_SETTINGS),
        new=NOT_SET if after is None else value_in_words(name, after, SPEC_SETTINGS),
        trend=trend_of(row, before, after),
        path=row.place(version),
        keys=(key,),
        once_for_all=row.once_for_all,
    )


def _whole(old: Release, new: Release, version: str, group: str, keys: Sequence[tuple[str, str]]) -> Told:
    """A setting with all its parts that only one side has."""
    gone = keys[0] in old.facts
    facts = old.facts if gone else new.facts
    row = SPEC_SETTINGS.of(keys[0][1])
    stem = row.words(keys[0][1]) if len(keys) == 1 else group
    said = ", ".join(_part(stem, name, facts[version, name]) for _, name in keys)
    return Told(
        who=version or "every request",
        what=stem,
        old=said if gone else NOT_SET,
        new=NOT_SET if gone else said,
        trend=trend_of(row, *((0, None) if gone else (None, 0))),
        path=row.place_of_group(version),
        keys=tuple(keys),
        once_for_all=row.once_for_all,
    )


def _part(group: str, name: str, value: Scalar) -> str:
    """`1%`, `window 5m`."""
    below = setting(("", name), SPEC_SETTINGS).removeprefix(group).strip(".")
    return f"{below} {value_in_words(name, value, SPEC_SETTINGS)}".strip()


def _release(old: Release, new: Release) -> Iterator[Told]:
    """Names and ports, who is stable, which versions run, and where the decision is taken."""
    service: Pointer = ("spec", "service")
    for host in dict.fromkeys((*old.hosts, *new.hosts)):
        if (host in old.hosts) != (host in new.hosts):
            gone = host in old.hosts
            said = ("answered", "not answered") if gone else ("not answered", "answered")
            path = (*service, "domains" if host in (*old.domains, *new.domains) else "host")
            yield _of_release(f"requests to {host}", "host", *said, path, "removed" if gone else "added")
    if old.port != new.port:
        yield _of_release("every request", "port", str(old.port), str(new.port), (*service, "port"))
    if old.stable != new.stable:
        yield _of_release("the release", "stable version", old.stable, new.stable, ("spec", "stable"))
    if old.lane != new.lane:
        yield _of_release("every engine", "edge", _edge(old), _edge(new), ("spec", "edge"))
    yield from _versions(old, new)


def _edge(release: Release) -> str:
    return f"{release.lane.edge}, by header {release.lane.header}" if release.lane else "none"


def _versions(old: Release, new: Release) -> Iterator[Told]:
    before, after = ({version.name: version for version in each.versions} for each in (old, new))
    for name in dict.fromkeys([*before, *after]):
        path: Pointer = ("spec", "versions", name)
        one, other = before.get(name), after.get(name)
        if one is None or other is None:
            going = one is not None and one.retired
            said = ("retired" if going else "runs", "gone") if one else ("not there", "runs")
            yield _of_release(name, VERSION, *said, path, "changed" if going else "removed" if one else "added")
            continue
        if one.retired != other.retired:
            yield _of_release(name, RETIRED, _yes(one.retired), _yes(other.retired), (*path, "retired"))
        if one.image != other.image:
            yield _of_release(name, "image", one.image or NOT_SET, other.image or NOT_SET, (*path, "image"))
        if one.replicas != other.replicas:
            yield _of_release(name, "replicas", _number(one.replicas), _number(other.replicas), (*path, "replicas"))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _number(value: int | None) -> str:
    return NOT_SET if value is None else str(value)


def _of_release(who: str, what: str, old: str, new: str, path: Pointer, trend: Trend = "changed") -> Told:
    return Told(kind="release", who=who, what=what, old=old, new=new, trend=trend, path=path)
