"""Finds patterns that backtracking engines (PCRE2 in nginx, java.util.regex in Spring) read in explosively many ways.

Such an engine tries every way in which a value can be read before it gives up, so a value that almost matches costs as
many steps as there are ways. The position automaton is taken with multiplicities, since `(a+)+` has one position and
two ways to stay on it. Exponential: two ways around one loop for one word (the EDA criterion of Weber and Seidl 1991,
which Weideman et al. 2016 tie to backtracking). Otherwise the ways to read 64 characters are bounded from above.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from graymesh.proof.regex.automata import parted
from graymesh.proof.regex.parse import PatternProblem
from graymesh.proof.regex.tree import Chars, Concat, Node, Repeat, Union, nullable, render, size

MOST_WAYS: Final = 100_000
"""So many ways to read 64 characters; three `.*` in a row have a third of it, and PCRE2 still answers at once."""

_LENGTH: Final = 64
_EXACT_UP_TO: Final = 400
_MOST_WORK: Final = 400_000
_FEW: Final = 4
_SHOWN: Final = 60
_Counts: TypeAlias = dict[int, int]
_Ends: TypeAlias = tuple[_Counts, _Counts, int]

_CURE: Final = "write it so that the next character always tells which part it belongs to"


def explosive(node: Node) -> PatternProblem | None:
    """The part of the pattern that can be read in explosively many ways, None when there is none."""
    return examined(node)[0]


def examined(node: Node) -> tuple[PatternProblem | None, int]:
    """The same, and how much work it was to tell."""
    work = _Work()
    found = _explosive(node, work)
    return found, _MOST_WORK - work.left + work.besides


def _explosive(node: Node, work: _Work) -> PatternProblem | None:
    try:
        graph = _Graph(node, work)
        if graph.culprit:
            return PatternProblem(
                graph.culprit.column,
                _shown(graph.culprit),
                f"each repetition can be read in more than one way; {_CURE}",
            )
        if graph.deterministic() or _most_ways(graph) <= MOST_WAYS:
            return None
    except _TooLargeError:
        return PatternProblem(1, _shown(node), f"too ambiguous to tell what it costs a backtracking engine; {_CURE}")
    return PatternProblem(1, _shown(node), f"a value can be read in more than {MOST_WAYS:,} ways; {_CURE}")


def _shown(node: Node) -> str:
    text = render(node)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


class _TooLargeError(Exception):
    pass


@dataclass(slots=True)
class _Work:
    """What is left of what a verdict may cost, and what it has cost besides, which needs no limit."""

    left: int = _MOST_WORK
    besides: int = 0


class _Graph:
    """Positions with their characters and successors; a successor counts in how many ways it follows.

    `culprit` is the innermost unbounded repetition that can be gone around in two ways for one word.
    """

    def __init__(self, node: Node, work: _Work) -> None:
        self.masks: list[int] = [0]
        self.follow: list[_Counts] = [{}]
        self.culprit: Repeat | None = None
        self.work = work
        self._exact = size(node) <= _EXACT_UP_TO
        self.follow[0] = self._build(node)[0]

    def deterministic(self) -> bool:
        """Does the next character always tell the way?"""
        return all(self._clear(follow) for follow in self.follow)

    def _clear(self, follow: _Counts) -> bool:
        taken = 0
        for position, ways in follow.items():
            if ways > 1 or taken & self.masks[position]:
                return False
            taken |= self.masks[position]
        return True

    def _build(self, node: Node) -> _Ends:
        match node:
            case Chars(mask):
                self.masks.append(mask)
                self.follow.append({})
                here = {len(self.masks) - 1: 1}
                return here, here, 0
            case Concat(parts):
                ends: _Ends = ({}, {}, 1)
                for part in parts:
                    ends = self._linked(ends, self._build(part))
                return ends
            case Union(options):
                ends = ({}, {}, 0)
                for option in options:
                    first, last, empty = self._build(option)
                    ends = _added(ends[0], first), _added(ends[1], last), ends[2] + empty
                return ends
            case Repeat(_, least, most):
                if self._exact or most is None or most <= _FEW:
                    return self._repeated(node, least, most)
                return self._roughly_repeated(node, least)

    def _roughly_repeated(self, node: Repeat, least: int) -> _Ends:
        """As if without an upper limit, which has every way of a limited one, unless rounds can be empty."""
        if self.culprit is None and nullable(node.body):
            self.culprit = node
        return self._repeated(node, min(least, _FEW), None)

    def _repeated(self, node: Repeat, least: int, most: int | None) -> _Ends:
        copies = max(least, 1) if most is None else most
        ends: _Ends = ({}, {}, 1)
        for number in range(copies, 0, -1):
            begin = len(self.masks)
            copy = self._build(node.body)
            if most is None and number == copies:
                copy = self._loop(node, copy, begin)
            ends = self._linked(copy, ends)
            if number > least:
                ends = (ends[0], ends[1], ends[2] + 1)
        return ends

    def _loop(self, node: Repeat, body: _Ends, begin: int) -> _Ends:
        self._link(body[1], body[0])
        if self.culprit is None and self._two_ways_around(range(begin, len(self.masks))):
            self.culprit = node
        # Engines leave a loop after an empty round, so more empty rounds are no more ways.
        return body[0], body[1], min(body[2], 1)

    def _linked(self, left: _Ends, right: _Ends) -> _Ends:
        self._link(left[1], right[0])
        first = _added(left[0], right[0], left[2]) if left[2] else left[0]
        last = _added(right[1], left[1], right[2]) if right[2] else right[1]
        return first, last, left[2] * right[2]

    def _link(self, last: _Counts, first: _Counts) -> None:
        self.spend(len(last) * len(first))
        for position, ways in last.items():
            self.follow[position] = _added(self.follow[position], first, ways)

    def _two_ways_around(self, loop: range) -> bool:
        """Is there a word that leads from a position of the loop back to it in two ways?

        All positions of a loop reach each other, so it is enough that two ways part somewhere and meet somewhere.
        """
        inside = [{to: ways for to, ways in self.follow[at].items() if to in loop} for at in loop]
        if all(map(self._clear, inside)):
            return False
        if any(ways > 1 for follow in inside for ways in follow.values()):
            return True
        seen = {pair for follow in inside for pair in self._steps(follow, follow) if pair[0] != pair[1]}
        queue = list(seen)
        for left, right in queue:
            for pair in self._steps(inside[left - loop.start], inside[right - loop.start]):
                if pair[0] == pair[1]:
                    return True
                _note(pair, seen, queue)
        return False

    def together(self) -> set[tuple[int, int]]:
        """Pairs of different positions, the smaller first, that one word can lead to."""
        seen = {pair for follow in self.follow for pair in self._steps(follow, follow) if pair[0] != pair[1]}
        queue = list(seen)
        for left, right in queue:
            for pair in self._steps(self.follow[left], self.follow[right]):
                if pair[0] != pair[1]:
                    _note(pair, seen, queue)
        return seen

    def spend(self, work: int) -> None:
        """Counts steps of work, so that no pattern costs more than a blink."""
        self.work.left -= work
        if self.work.left < 0:
            raise _TooLargeError

    def _steps(self, left: _Counts, right: _Counts) -> Iterator[tuple[int, int]]:
        self.spend(len(left) * len(right))
        for one in left:
            for other in right:
                if self.masks[one] & self.masks[other]:
                    yield (one, other) if one <= other else (other, one)


def _note(pair: tuple[int, int], seen: set[tuple[int, int]], queue: list[tuple[int, int]]) -> None:
    if pair not in seen:
        seen.add(pair)
        queue.append(pair)


def _added(left: _Counts, right: _Counts, times: int = 1) -> _Counts:
    sums = dict(left)
    for position, ways in right.items():
        sums[position] = sums.get(position, 0) + ways * times
    return sums


def _most_ways(graph: _Graph) -> int:
    """An upper bound of the ways in which a value of `_LENGTH` characters can be read up to one position.

    Ways to different positions add up only where one word leads to both.
    """
    sources = _sources(graph, graph.together())
    ways = [graph.follow[0].get(position, 0) for position in range(len(graph.masks))]
    steps = sum(len(group) for groups in sources for group in groups) + len(sources)
    for _ in range(_LENGTH):
        if max(ways) > MOST_WAYS:
            break
        graph.work.besides += steps
        ways = [
            max((sum(ways[at] * times for at, times in group) for group in groups), default=0) for groups in sources
        ]
    return max(ways)


def _sources(graph: _Graph, together: set[tuple[int, int]]) -> list[list[list[tuple[int, int]]]]:
    """For each position the groups of positions before it at which one word can stand at the same time."""
    before: list[_Counts] = [{} for _ in graph.masks]
    for position, follow in enumerate(graph.follow[1:], 1):
        for to, ways in follow.items():
            before[to][position] = ways
    return [[[(at, counts[at]) for at in group] for group in _groups(graph, counts, together)] for counts in before]


def _groups(graph: _Graph, counts: _Counts, together: set[tuple[int, int]]) -> set[tuple[int, ...]]:
    graph.spend(len(counts) ** 2)
    by_mask: dict[int, int] = {}
    for position in counts:
        by_mask[graph.masks[position]] = by_mask.get(graph.masks[position], 0) | 1 << position
    found: set[tuple[int, ...]] = set()
    for _, positions in parted(by_mask):
        found.update(_connected([at for at in counts if positions >> at & 1], together))
    return found


def _connected(positions: list[int], together: set[tuple[int, int]]) -> Iterator[tuple[int, ...]]:
    rest = sorted(positions)
    while rest:
        group = [rest.pop(0)]
        for at in group:
            near = [other for other in rest if (min(at, other), max(at, other)) in together]
            group.extend(near)
            rest = [other for other in rest if other not in near]
        yield tuple(group)
