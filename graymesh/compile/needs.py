"""What targets need of whoever runs their engines, over a whole project: from the first stage on, for all stages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graymesh.diagnostic import Pointer, Span
from graymesh.kit.registry import target
from graymesh.language.case import Case

_WHOLE: Pointer = ("metadata", "name")
_HEADER = "# What {title} needs of whoever runs it, at every stage; `graymesh targets --needs` says since which line.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A release that needs something, and where its spec asks for it: in the whole of it where `path` is ()."""

    release: str
    file: str
    span: Span
    path: Pointer = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """One thing that a target needs, and the releases that need it, in order."""

    target: str
    name: str
    text: str
    asking: tuple[Asking, ...]


def needs_of(cases: Iterable[Case], targets: Sequence[str] = ()) -> list[Needed]:
    """What the targets of these releases need, or the chosen ones, by target and then as each target tells it."""
    found: dict[tuple[str, str, str], list[Asking]] = {}
    for case in cases:
        for manifest in case.targets:
            if not targets or manifest.name in targets:
                for need in target(manifest.name).needs(case.view(manifest)):
                    key = (manifest.name, need.name, need.text)
                    found.setdefault(key, []).append(_asking(case, need.path))
    needed = [Needed(target=key[0], name=key[1], text=key[2], asking=tuple(who)) for key, who in found.items()]
    return sorted(needed, key=lambda each: each.target)


def _asking(case: Case, path: Pointer) -> Asking:
    return Asking(release=case.release.key, file=case.source.file, span=case.source.span(path or _WHOLE), path=path)


def records(needed: Iterable[Needed]) -> dict[str, str]:
    """Target → the list of what it needs, which is kept in the output folder so that a change of it is seen."""
    lines: dict[str, list[str]] = {}
    for each in needed:
        lines.setdefault(each.target, []).append(f"{each.name}: {each.text}\n")
    return {name: _HEADER.format(title=target(name).manifest.title) + "".join(sorted(lines[name])) for name in lines}


def unheard(before: str, after: str) -> list[str]:
    """The lines of a record that an earlier one does not have."""
    known = set(before.splitlines())
    return [line for line in after.splitlines() if line not in known and not line.startswith("#")]
