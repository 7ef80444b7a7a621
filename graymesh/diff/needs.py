"""What a change asks of whoever runs the engines, which no compiled file does by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graymesh.compile.needs import Needed, needs_of
from graymesh.diff.causes import place_in
from graymesh.diff.model import Change, Place, Side
from graymesh.diff.settings import NOT_SET
from graymesh.diff.sides import Compared


def needs_changes(old: Compared, new: Compared, targets: Sequence[str]) -> Iterator[Change]:
    """A change for each need that only one side has, told of the first release that asks for it.

    What another release has asked for all along is no news to an operator.
    """
    before, after = (_by_text(side, targets) for side in (old, new))
    for key in dict.fromkeys([*after, *before]):
        if key not in before:
            yield _change(after[key], new, "new")
        elif key not in after:
            yield _change(before[key], old, "old")


def _by_text(side: Compared, targets: Sequence[str]) -> dict[tuple[str, str, str], Needed]:
    return {(each.target, each.name, each.text): each for each in needs_of(side.releases.values(), targets)}


def _change(need: Needed, where: Compared, side: Side) -> Change:
    who = need.asking[0]
    causes: tuple[Place, ...] = (place_in(where.releases[who.release], side, who.path),) if who.path else ()
    said = (NOT_SET, need.text) if side == "new" else (need.text, NOT_SET)
    return Change(
        kind="engine",
        who=who.release,
        what=f"needs {need.name}",
        old=said[0],
        new=said[1],
        trend="added" if side == "new" else "changed",
        causes=causes,
        engines=(need.target,),
    )
