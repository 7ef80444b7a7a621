"""Patterns of a fixed width, and matching them against a row of known texts and open variables.

Of a row whose parts have fixed widths, a pattern like `^..1` needs only the parts that it looks at, and one like
`tester=1` only those where it can stand; the others need not be told apart. That keeps decisions as short as they were
meant to be.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from graymesh.ir.release import ALWAYS, Condition
from graymesh.proof.regex.portable import RegexProblem, parse
from graymesh.proof.regex.tree import Chars, listed
from graymesh.targets.nginx.decode_lists import Entries, ListEntry, any_of, both, opposite, under
from graymesh.targets.nginx.decode_values import Capture, Pieces, joined, literal_of

_ITEM: Final = re.compile(
    r"(?P<open>\((?:\?:)?)|(?P<close>\))|(?P<item>\[\^?(?:[^\]\\]|\\.)+\]|\\[^A-Za-z0-9]|[^\\^$.|?*+()\[\]{}]|\.)"
    r"(?:\{(?P<count>[0-9]{1,4})\})?"
)

Known: TypeAlias = Mapping[int, str]


class PatternShape(NamedTuple):
    """What must stand where: (offset, characters allowed), the length looked at, and the groups' (start, end).

    `whole` patterns end where the text does; `floating` ones begin anywhere, others where the text does.
    """

    needs: tuple[tuple[int, frozenset[str]], ...]
    length: int
    whole: bool
    groups: tuple[tuple[int, int], ...] = ()
    floating: bool = False

    def moved(self, offset: int, known: str) -> PatternShape:
        """The same places so many characters later, where they do not float any more.

        `known` is the text in which they stand, a NUL for each character that is not known yet: only those are needed.
        """
        needs = tuple((at + offset, allowed) for at, allowed in self.needs if known[at + offset] == "\0")
        groups = tuple((start + offset, end + offset) for start, end in self.groups)
        return PatternShape(needs, self.length + offset, self.whole, groups)


class MapLine(NamedTuple):
    """One line of a map: where it looks, and its value."""

    places: PatternShape
    value: Pieces


class SideBySide:
    """Parts side by side, each a text or a list of texts of one width."""

    def __init__(self, parts: Sequence[str | Entries], widths: Sequence[int]) -> None:
        self.parts = parts
        self.starts = [sum(widths[:index]) for index in range(len(parts))]
        self.width = sum(widths)
        self._known = "".join(
            part if isinstance(part, str) else "\0" * width for part, width in zip(parts, widths, strict=True)
        )

    @classmethod
    def of(cls, parts: Sequence[str | Entries]) -> SideBySide | None:
        """The row, None when some part has texts of several widths or something other than text."""
        widths: list[int] = []
        for part in parts:
            texts = [part] if isinstance(part, str) else [literal_of(entry.value) for entry in part]
            found = {-1 if text is None or "\n" in text or not text.isascii() else len(text) for text in texts}
            if len(found) != 1 or -1 in found:
                return None
            widths += found
        return cls(parts, widths) if any(widths) else None

    def decide(self, rules: Sequence[MapLine], default: Pieces) -> Iterator[ListEntry]:
        """The entries of a map with these lines in order."""
        placed = [rule._replace(places=places) for rule in rules for places in self._placed(rule.places)]
        return self._decide(placed, default, 0, {})

    def _placed(self, places: PatternShape) -> Iterator[PatternShape]:
        """Where the pattern can stand, from the left, since the leftmost match counts."""
        room = self.width - places.length
        if not places.floating:
            if room == 0 or (room > 0 and not places.whole):
                yield places
        elif places.whole:
            yield from [places.moved(room, self._known)] * (
                _sought(places).match(self._known, max(room, 0)) is not None
            )
        else:
            yield from (places.moved(match.start(), self._known) for match in _sought(places).finditer(self._known))

    def _decide(self, rules: Sequence[MapLine], default: Pieces, index: int, known: Known) -> Iterator[ListEntry]:
        while index < len(rules):
            rule = rules[index]
            open_part = self._open_part(rule.places, known)
            if open_part is None:
                yield ListEntry(ALWAYS, (), self._filled(rule, known))
                return
            if open_part < 0:
                index += 1
                continue
            joint = self._jointly(rule, known)
            if joint is not None:
                yield ListEntry(joint, (), rule.value)
                index += 1
                continue
            against = self._against(rule, known)
            open_part = open_part if against is None else against
            *entries, last = self._alternatives(open_part, rule.places)
            for entry in entries:
                yield from under(entry, self._decide(rules, default, index, self._with(known, open_part, entry)))
            if last.condition != ALWAYS or last.draws:
                yield from under(last, self._decide(rules, default, index, self._with(known, open_part, last)))
                return
            known = self._with(known, open_part, last)
        yield ListEntry(ALWAYS, (), default)

    def _with(self, known: Known, part: int, entry: ListEntry) -> Known:
        """What is known once the part holds this: a variable has one value, wherever in the row it stands."""
        text = literal_of(entry.value) or ""
        return {**known, **{at: text for at, each in enumerate(self.parts) if each is self.parts[part]}}

    def _against(self, rule: MapLine, known: Known) -> int | None:
        """The first open part in whose list a case stands first that the rule does not take.

        Once such parts are known, the others can be asked for together.
        """
        for part in self._waiting(rule, known):
            first = self._alternatives(part, rule.places)[0]
            if self._open_part(rule.places, {part: literal_of(first.value) or ""}) == -1:
                return part
        return None

    def _waiting(self, rule: MapLine, known: Known) -> list[int]:
        """The open parts that the rule looks at."""
        offsets = dict.fromkeys(bisect_right(self.starts, offset) - 1 for offset, _ in rule.places.needs)
        return [part for part in offsets if self._text(part, known) is None]

    def _open_part(self, places: PatternShape, known: Known) -> int | None:
        """The first part to be known before the rule can be decided; None when it matches, -1 when it cannot."""
        waiting: int | None = None
        for offset, allowed in places.needs:
            part = bisect_right(self.starts, offset) - 1
            text = self._text(part, known)
            if text is None:
                waiting = part if waiting is None else waiting
            elif text[offset - self.starts[part]] not in allowed:
                return -1
        if waiting is None:
            waiting = next((part for part in self._captured(places) if self._text(part, known) is None), None)
        return waiting

    def _jointly(self, rule: MapLine, known: Known) -> Condition | None:
        """When all open parts hold what the rule looks at, said without telling their other cases apart.

        That can be said when the cases that fit stand first in each part's list. None where they do not, or where a
        single part is open, of which more is known once the rule is decided.
        """
        parts = self._waiting(rule, known)
        if len(parts) < 2 or any(isinstance(piece, Capture) for piece in rule.value):
            return None
        condition = ALWAYS
        for part in parts:
            entries = self._alternatives(part, rule.places)
            fits = [self._open_part(rule.places, {part: literal_of(entry.value) or ""}) != -1 for entry in entries]
            count = fits.index(False) if False in fits else len(fits)
            if not count or any(fits[count:]) or any(entry.draws for entry in entries[:count]):
                return None
            condition = both(condition, any_of(entry.condition for entry in entries[:count]))
        return condition

    def _text(self, part: int, known: Known) -> str | None:
        found = self.parts[part]
        return found if isinstance(found, str) else known.get(part)

    def _captured(self, places: PatternShape) -> Iterator[int]:
        for start, end in places.groups:
            if start < end:
                yield from range(bisect_right(self.starts, start) - 1, bisect_right(self.starts, end - 1))

    def _alternatives(self, part: int, places: PatternShape) -> Entries:
        """The part's cases; of two opposite ones that stands first which the rule asks for."""
        entries = self.parts[part]
        assert not isinstance(entries, str)
        if len(entries) != 2 or opposite(entries[0].condition) != entries[1].condition:
            return entries
        if self._open_part(places, {part: literal_of(entries[0].value) or ""}) == -1:
            entries = (entries[1], entries[0])
        return (entries[0], entries[1]._replace(condition=ALWAYS))

    def _filled(self, rule: MapLine, known: Known) -> Pieces:
        if not any(isinstance(piece, Capture) for piece in rule.value):
            return rule.value
        text = "".join(self._text(part, known) or "?" * self._width(part) for part in range(len(self.parts)))
        groups = [text[start:end] for start, end in rule.places.groups]
        return filled(rule.value, groups)

    def _width(self, part: int) -> int:
        ends = [*self.starts[1:], self.width]
        return ends[part] - self.starts[part]


def filled(value: Pieces, groups: Sequence[str | None]) -> Pieces:
    """The value with what the groups captured; a group that took no part is empty, as one that does not exist."""
    captured = [group or "" for group in groups] + [""] * 9
    return joined(tuple(captured[piece.number - 1] if isinstance(piece, Capture) else piece for piece in value))


def places_of_text(key: str) -> PatternShape:
    """An exact key, which ignores case."""
    return PatternShape(
        tuple((index, frozenset((char.lower(), char.upper()))) for index, char in enumerate(key)), len(key), True
    )


@lru_cache(maxsize=4096)
def places_of(pattern: str) -> PatternShape | None:
    r"""The places that a pattern of fixed width looks at; None for other patterns."""
    start = next((start for start in (r"\A", "^") if pattern.startswith(start)), "")
    end = next((end for end in (r"\z", "$") if pattern.endswith(end)), "")
    if end and pattern.endswith("\\" + end):
        return None
    try:
        return _read(pattern[len(start) : len(pattern) - len(end)], whole=bool(end), floating=not start)
    except RegexProblem:
        return None


@lru_cache(maxsize=4096)
def _sought(places: PatternShape) -> re.Pattern[str]:
    """What finds each place where a floating pattern can stand; a NUL in the text is a character not yet known."""
    needs = dict(places.needs)
    found = [f"[{re.escape(''.join(sorted(needs[at])))}\\0]" if at in needs else "." for at in range(places.length)]
    return re.compile(f"(?={''.join(found)})", re.DOTALL)


def _read(pattern: str, whole: bool, floating: bool) -> PatternShape | None:
    needs: list[tuple[int, frozenset[str]]] = []
    groups: list[tuple[int, int]] = []
    opened: list[int | None] = []
    at = offset = 0
    while match := _ITEM.match(pattern, at):
        at = match.end()
        if match["count"] and not match["item"]:
            return None
        if match["open"]:
            groups += [(offset, -1)] if match["open"] == "(" else []
            opened.append(len(groups) - 1 if match["open"] == "(" else None)
        elif match["close"]:
            if not opened:
                return None
            group = opened.pop()
            if group is not None:
                groups[group] = (groups[group][0], offset)
        else:
            allowed = _characters(match["item"])
            count = int(match["count"] or 1)
            needs += [(offset + step, allowed) for step in range(count) if allowed is not None]
            offset += count
    complete = at == len(pattern) and not opened
    return PatternShape(tuple(needs), offset, whole, tuple(groups), floating) if complete else None


@lru_cache(maxsize=256)
def _characters(item: str) -> frozenset[str] | None:
    """The ASCII characters that one item takes; None when it takes all but the line feed. Raises RegexProblem."""
    if item == ".":
        return None
    node = parse(item)
    assert isinstance(node, Chars)
    return frozenset(listed(node.mask))
