"""Patterns that look at fixed places of a text, and matching them against a row of known texts and open variables.

Of a row whose parts have fixed widths, a pattern like `\\A.{9}1(.{7})` needs only the parts that it looks at; the
others need not be told apart. That keeps decisions as short as they were meant to be.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from graymesh.ir.release import ALWAYS
from graymesh.proof.regex.portable import RegexProblem, parse
from graymesh.proof.regex.tree import Chars, listed
from graymesh.targets.nginx.decode_lists import Draws, Entries, Entry, both, drawn, opposite
from graymesh.targets.nginx.decode_values import Capture, Pieces, joined, literal_of

_ITEM: Final = re.compile(
    r"(?P<open>\((?:\?:)?)|(?P<close>\))|(?P<item>\[\^?(?:[^\]\\]|\\.)+\]|\\[^A-Za-z0-9]|[^\\^$.|?*+()\[\]{}]|\.)"
    r"(?:\{(?P<count>[0-9]{1,4})\})?"
)

Known: TypeAlias = Mapping[int, str]


class Places(NamedTuple):
    """What must stand where: (offset, characters allowed), the length looked at, and the groups' (start, end)."""

    needs: tuple[tuple[int, frozenset[str]], ...]
    length: int
    whole: bool
    groups: tuple[tuple[int, int], ...] = ()


class Rule(NamedTuple):
    """One line of a map: where it looks, and its value."""

    places: Places
    value: Pieces


class Row:
    """Parts side by side, each a text or a list of texts of one width."""

    def __init__(self, parts: Sequence[str | Entries], widths: Sequence[int]) -> None:
        self.parts = parts
        self.starts = [sum(widths[:index]) for index in range(len(parts))]
        self.width = sum(widths)

    @classmethod
    def of(cls, parts: Sequence[str | Entries]) -> Row | None:
        """The row, None when some part has texts of several widths or something other than text."""
        widths: list[int] = []
        for part in parts:
            texts = [part] if isinstance(part, str) else [literal_of(entry.value) for entry in part]
            found = {-1 if text is None or "\n" in text or not text.isascii() else len(text) for text in texts}
            if len(found) != 1 or -1 in found:
                return None
            widths += found
        return cls(parts, widths)

    def decide(self, rules: Sequence[Rule], default: Pieces) -> Iterator[Entry]:
        """The entries of a map with these lines in order."""
        fitting = [rule for rule in rules if rule.places.length == self.width or not rule.places.whole]
        fitting = [rule for rule in fitting if rule.places.length <= self.width]
        return self._decide(fitting, default, 0, {})

    def _decide(self, rules: Sequence[Rule], default: Pieces, index: int, known: Known) -> Iterator[Entry]:
        while index < len(rules):
            rule = rules[index]
            open_part = self._open_part(rule.places, known)
            if open_part is None:
                yield Entry(ALWAYS, (), self._filled(rule, known))
                return
            if open_part < 0:
                index += 1
                continue
            *entries, last = self._alternatives(open_part, rule.places)
            for entry in entries:
                more = {**known, open_part: literal_of(entry.value) or ""}
                yield from _under(entry, self._decide(rules, default, index, more))
            if last.condition != ALWAYS or last.draws:
                more = {**known, open_part: literal_of(last.value) or ""}
                yield from _under(last, self._decide(rules, default, index, more))
                return
            known = {**known, open_part: literal_of(last.value) or ""}
        yield Entry(ALWAYS, (), default)

    def _open_part(self, places: Places, known: Known) -> int | None:
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

    def _text(self, part: int, known: Known) -> str | None:
        found = self.parts[part]
        return found if isinstance(found, str) else known.get(part)

    def _captured(self, places: Places) -> Iterator[int]:
        for start, end in places.groups:
            if start < end:
                yield from range(bisect_right(self.starts, start) - 1, bisect_right(self.starts, end - 1))

    def _alternatives(self, part: int, places: Places) -> Entries:
        """The part's cases; of two opposite ones that stands first which the rule asks for."""
        entries = self.parts[part]
        assert not isinstance(entries, str)
        if len(entries) != 2 or opposite(entries[0].condition) != entries[1].condition:
            return entries
        if self._open_part(places, {part: literal_of(entries[0].value) or ""}) == -1:
            entries = (entries[1], entries[0])
        return (entries[0], entries[1]._replace(condition=ALWAYS))

    def _filled(self, rule: Rule, known: Known) -> Pieces:
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


def places_of_text(key: str) -> Places:
    """An exact key, which ignores case."""
    return Places(
        tuple((index, frozenset((char.lower(), char.upper()))) for index, char in enumerate(key)), len(key), True
    )


@lru_cache(maxsize=4096)
def places_of(pattern: str) -> Places | None:
    r"""The places that a pattern of fixed width looks at from the beginning on; None for other patterns."""
    start = next((start for start in (r"\A", "^") if pattern.startswith(start)), None)
    end = next((end for end in (r"\z", "$") if pattern.endswith(end)), "")
    if start is None or pattern.endswith("\\" + end):
        return None
    try:
        return _read(pattern[len(start) : len(pattern) - len(end)], bool(end))
    except RegexProblem:
        return None


def _read(pattern: str, whole: bool) -> Places | None:
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
    return Places(tuple(needs), offset, whole, tuple(groups)) if at == len(pattern) and not opened else None


@lru_cache(maxsize=256)
def _characters(item: str) -> frozenset[str] | None:
    """The ASCII characters that one item takes; None when it takes all but the line feed. Raises RegexProblem."""
    if item == ".":
        return None
    node = parse(item)
    assert isinstance(node, Chars)
    return frozenset(listed(node.mask))


def _under(entry: Entry, below: Iterator[Entry]) -> Iterator[Entry]:
    for sub in below:
        draws: Draws | None = drawn(entry.draws, sub.draws)
        if draws is not None:
            yield Entry(both(entry.condition, sub.condition), draws, sub.value)
