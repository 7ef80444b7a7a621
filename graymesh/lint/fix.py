"""Mends what is certain: does the edits that findings carry, looks again, and goes on until nothing is left to do.

What comes out is taken only when it has no error that was not there before. Errors that only show once a mended file
can be understood are not new: they were there, behind what was mended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from graymesh.diagnostic import Diagnostic
from graymesh.source.edits import Apart, apply

Look: TypeAlias = Callable[[str], Sequence[Diagnostic]]
"""What is wrong with a text, each finding with its edits."""

_STAGES: Final = ("GM0", "GM108", "GM1", "GM")
"""Codes of the stages that a text goes through: an error of one keeps what later ones would say from being seen."""


_MOST_CHARACTERS: Final = 20_000_000
"""That are looked at in all: a page of text may be looked at thousands of times, the largest file some dozen."""

_A_LOOK: Final = 1_000
"""Characters that any look is worth, however short the text."""


class _Enough(Exception):
    """So much was looked at that what is left stays as it is."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """The text as it came out, the findings that were mended, and those whose edits would have done harm: with what."""

    text: str
    mended: tuple[Diagnostic, ...] = ()
    refused: tuple[tuple[Diagnostic, Diagnostic], ...] = ()


def fixed(text: str, look: Look) -> Fixed:
    """The text with all done that can be done; the same text again changes no more.

    Of a large text with much to mend one by one, some is left for the next time.
    """
    mended: tuple[Diagnostic, ...] = ()
    look = _bounded(look)
    while True:
        try:
            found = look(text)
            step = _together(text, found, look) or _one(text, found, look)
        except _Enough:
            return Fixed(text, mended)
        if step.text == text:
            return Fixed(text, mended, step.refused)
        text, mended = step.text, mended + step.mended


def _bounded(look: Look) -> Look:
    left = _MOST_CHARACTERS

    def looked(text: str) -> Sequence[Diagnostic]:
        nonlocal left
        left -= len(text) + _A_LOOK
        if left < 0:
            raise _Enough
        return look(text)

    return looked


def _together(text: str, found: Sequence[Diagnostic], look: Look) -> Fixed | None:
    """Everything at once, until nothing is left or a later stage is reached; None when an error comes of it."""
    before, mended, seen = found, list[Diagnostic](), {text}
    while _stage(found) <= _stage(before) and (chosen := list(_side_by_side(found))):
        text = apply(text, (edit for finding in chosen for edit in finding.edits))
        if text in seen:
            return None
        seen.add(text)
        mended += chosen
        found = look(text)
    return None if _new_error(before, found) else Fixed(text, tuple(mended))


def _one(text: str, found: Sequence[Diagnostic], look: Look) -> Fixed:
    """The first finding whose edits do no harm by themselves; the text as it is when there is none."""
    refused = []
    for finding in found:
        if not finding.edits:
            continue
        changed = apply(text, finding.edits)
        harm = _new_error(found, look(changed))
        if harm is None and changed != text:
            return Fixed(changed, (finding,))
        if harm:
            refused.append((finding, harm))
    return Fixed(text, (), tuple(refused))


def _side_by_side(found: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """Findings whose edits do not touch each other's; the others' turn comes in the next round."""
    taken = Apart()
    for finding in found:
        if finding.edits and not any(map(taken.touches, finding.edits)):
            taken.add(finding.edits)
            yield finding


def _new_error(before: Sequence[Diagnostic], after: Sequence[Diagnostic]) -> Diagnostic | None:
    """An error that there are more of than before, among the stages that the text had reached before."""
    old = Counter((item.code, item.message) for item in before if item.level == "error")
    reached = _stage(before)
    for item in after:
        if item.level == "error" and _stage([item]) <= reached:
            old[item.code, item.message] -= 1
            if old[item.code, item.message] < 0:
                return item
    return None


def _stage(found: Sequence[Diagnostic]) -> int:
    """The stage that the text gets to, as an index of `_STAGES`."""
    errors = [item.code for item in found if item.level == "error"]
    stages = (next(n for n, start in enumerate(_STAGES) if code.startswith(start)) for code in errors)
    return min(stages, default=len(_STAGES) - 1)
