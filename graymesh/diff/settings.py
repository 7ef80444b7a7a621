"""What engines are told besides routes: guards, limits, instances, tokens, names; and which of it protects less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from graymesh.diagnostic import Pointer
from graymesh.diff.model import Kind, Trend
from graymesh.ir.release import Facts, Release, Scalar
from graymesh.ir.settings import feature
from graymesh.ir.wording import setting, setting_path, value_in_words

NOT_SET: Final = "not set"

_MORE_IS_WEAKER: Final = frozenset(
    (
        *("guards.errorRate", "guards.latency", "guards.cpu", "guards.cpu.for", "limits.qps", "outlier.errors"),
        *("pool.maxConnections", "pool.maxPending"),
    )
)
_LESS_IS_WEAKER: Final = frozenset(("guards.latency.quantile", "guards.coverage", "outlier.eject", "warmup"))
_PROTECTS: Final = ("guards", "limits", "outlier", "pool", "warmup", "jwt")
_WHOLE: Final[Mapping[str, int]] = {"outlier": 3, "pool": 3, "jwt": 2}  # steps from the root to the key in the spec
_LEAVES: Final[Mapping[str, tuple[str, ...]]] = {
    "guards.errorRate": ("max",),
    "guards.latency": ("max",),
    "guards.cpu": ("max",),
    "guards.coverage": ("min",),
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """One setting that differs. `keys` are the facts that say so, for asking engines whether they see it."""

    kind: Kind = "setting"
    who: str
    what: str
    old: str
    new: str
    trend: Trend = "changed"
    path: Pointer
    keys: tuple[tuple[str, str], ...] = ()


def setting_changes(old: Release, new: Release) -> Iterator[Told]:
    """All settings that differ, those of several versions that differ alike as one."""
    found: dict[tuple[str, ...], Told] = {}
    for told in _facts(old, new):
        key: tuple[str, ...] = (told.what, told.old, told.new)
        before = found.get(key)
        if before and told.what.startswith("guards."):
            told = replace(before, who=f"{before.who}, {told.who}", keys=(*before.keys, *told.keys))
        elif before:
            key = (*key, told.who)
        found[key] = told
    yield from found.values()
    yield from _release(old, new)


def trend_of(name: str, old: Scalar | None, new: Scalar | None) -> Trend:
    """Does the setting protect less than before? `name` as in `graymesh.ir.settings`."""
    said = feature(name)
    if old is None:
        return "stricter" if said.split(".")[0] in _PROTECTS else "added"
    if new is None:
        return "removed" if said.split(".")[0] in _PROTECTS else "changed"
    if isinstance(old, int) and isinstance(new, int) and said in _MORE_IS_WEAKER | _LESS_IS_WEAKER:
        return "weaker" if (new > old) == (said in _MORE_IS_WEAKER) else "stricter"
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
        if key[0] in shared and (not key[1].startswith("guards.") or key[0] in canaries):
            differing.setdefault((key[0], _group(key[1])), []).append(key)
    for (version, group), keys in differing.items():
        sides = [[each for each in side.facts if (each[0], _group(each[1])) == (version, group)] for side in (old, new)]
        if all(sides):
            yield from (_fact(old, new, key) for key in keys)
        else:
            yield _whole(old, new, version, group, sides[0] or sides[1])


def _group(name: str) -> str:
    """The key of the spec whose parts come and go together: `guards.errorRate`, `outlier`."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "guards" else parts[0] if parts[0] in _PROTECTS else name


def _fact(old: Release, new: Release, key: tuple[str, str]) -> Told:
    (version, name), before, after = key, old.facts.get(key), new.facts.get(key)
    return Told(
        who=version or "every request",
        what=setting(("", name)),
        old=NOT_SET if before is None else value_in_words(name, before),
        new=NOT_SET if after is None else value_in_words(name, after),
        trend=trend_of(name, before, after),
        path=_path(key),
        keys=(key,),
    )


def _whole(old: Release, new: Release, version: str, group: str, keys: Sequence[tuple[str, str]]) -> Told:
    """A setting with all its parts that only one side has."""
    gone = keys[0] in old.facts
    facts = old.facts if gone else new.facts
    stem = setting(("", keys[0][1])) if len(keys) == 1 else group
    said = ", ".join(_part(stem, name, facts[version, name]) for _, name in keys)
    leaves = _LEAVES.get(group, ())
    return Told(
        who=version or "every request",
        what=stem,
        old=said if gone else NOT_SET,
        new=NOT_SET if gone else said,
        trend=trend_of(keys[0][1], *((0, None) if gone else (None, 0))),
        path=_path(keys[0])[: -len(leaves) or None] if leaves else _path(keys[0])[: _WHOLE.get(group)],
        keys=tuple(keys),
    )


def _part(group: str, name: str, value: Scalar) -> str:
    """`1%`, `window 5m`."""
    below = setting(("", name)).removeprefix(group).strip(".")
    return f"{below} {value_in_words(name, value)}".strip()


def _path(key: tuple[str, str]) -> Pointer:
    path = setting_path(key)
    if key[1].startswith("endpoints"):
        return ("spec", "versions", key[0], "endpoints")
    if key[1].startswith("labels."):
        return ("spec", "versions", key[0], "labels")
    return (*path, *_LEAVES.get(key[1].removesuffix(".bp").removesuffix(".ms"), ()))


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
            said = ("runs", "gone") if one else ("not there", "runs")
            yield _of_release(name, "version", *said, path, "removed" if one else "added")
            continue
        if one.image != other.image:
            yield _of_release(name, "image", one.image or NOT_SET, other.image or NOT_SET, (*path, "image"))
        if one.replicas != other.replicas:
            yield _of_release(name, "replicas", _number(one.replicas), _number(other.replicas), (*path, "replicas"))


def _number(value: int | None) -> str:
    return NOT_SET if value is None else str(value)


def _of_release(who: str, what: str, old: str, new: str, path: Pointer, trend: Trend = "changed") -> Told:
    return Told(kind="release", who=who, what=what, old=old, new=new, trend=trend, path=path)
