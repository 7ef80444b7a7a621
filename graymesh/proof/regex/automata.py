"""Decides questions about patterns exactly: which of them can hold of one value together, and for which value.

Patterns become position automata (Glushkov 1961): one state for each character position, so a set of states is a bit
mask and many patterns run side by side as one mask. Sets of states are explored breadth first, hence every answer
comes with a shortest value.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from graymesh.proof.regex.tree import ANY, BEYOND, Chars, Concat, Node, Repeat, Union, chars_of

MOST_STATES: Final = 20_000
"""How many sets of states one question may explore."""

_POSITIONS_OF_A_STEP: Final = 16
_MOST_WORK: Final = 4  # times as much as `MOST_STATES` small sets

_BEYOND: Final = "\u00e9"
_NICE: Final = tuple(chars_of(group) for group in ("xv", "abcdefghijklmnopqrstuvwxyz", "123456789", "0", "-/._"))
_Ends: TypeAlias = tuple[int, int, bool]


class TooLargeError(Exception):
    """The question needs more than the allowed number of states."""


@dataclass(slots=True)
class Explored:
    """How many sets of states a question has explored so far; a large set counts as several."""

    states: int = 0


def truths(
    domain: Node,
    nodes: Sequence[Node],
    likely: Iterable[str] = (),
    most_states: int = MOST_STATES,
    explored: Explored | None = None,
) -> Iterator[tuple[int, str]]:
    """Every combination of the nodes that some value of the domain matches, each once with such a value.

    A combination is a bit mask: bit i is set when the value matches `nodes[i]`. Values are not empty; those of `likely`
    are taken where they fit, else shortest ones. Raises TooLargeError beyond `most_states`.
    """
    machine = _Machine()
    inside = machine.add(domain)
    alive = machine.every()
    ends = [(machine.add(node), 1 << index) for index, node in enumerate(nodes)]
    found: set[int] = set()
    for state, value in _reached(machine, likely, alive, most_states, explored or Explored()):
        truth = sum(bit for accepting, bit in ends if state & accepting)
        if state & inside and truth not in found:
            found.add(truth)
            yield truth, value


def _reached(
    machine: _Machine, likely: Iterable[str], alive: int, most_states: int, explored: Explored
) -> Iterator[tuple[int, str]]:
    """Sets of positions with values that lead to them: the likely values, then every set once by a shortest value."""
    for value in likely:
        yield machine.run(value), value
    seen, queue = {machine.start}, deque([(machine.start, "")])
    while queue:
        state, text = queue.popleft()
        for chars, after in machine.moves(state):
            if after in seen or not after & alive:
                continue
            seen.add(after)
            explored.states += 1 + after.bit_count() // _POSITIONS_OF_A_STEP
            if len(seen) > most_states or explored.states > _MOST_WORK * most_states:
                raise TooLargeError(f"it takes more than {most_states} states")
            value = text + nicest(chars)
            queue.append((after, value))
            yield after, value


def nicest(mask: int) -> str:
    """The most readable character of a set that is not empty."""
    liked = next((mask & nice for nice in _NICE if mask & nice), mask & ANY)
    return _BEYOND if liked == BEYOND else chr((liked & -liked).bit_length() - 1)


class _Machine:
    """Several position automata in one: `masks` are the characters of each position, `follow` its successors."""

    def __init__(self) -> None:
        self.masks: list[int] = []
        self.follow: list[int] = []
        self.start = 0

    def add(self, node: Node) -> int:
        """Takes the pattern in; gives the positions at which a value that is not empty has matched it."""
        start = self._position(0)
        first, last, _ = self._build(node)
        self.follow[start] = first
        self.start |= 1 << start
        return last

    def every(self) -> int:
        """All positions so far."""
        return (1 << len(self.masks)) - 1

    def run(self, value: str) -> int:
        """The positions to which the value leads."""
        state = self.start
        for char in value:
            bit, reach = chars_of(char), self._reach(state)
            state = 0
            while reach:
                lowest = reach & -reach
                if self.masks[lowest.bit_length() - 1] & bit:
                    state |= lowest
                reach ^= lowest
        return state

    def moves(self, state: int) -> list[tuple[int, int]]:
        """The next sets of positions, each with the characters that lead there."""
        reach = self._reach(state)
        by_mask: dict[int, int] = {}
        while reach:
            lowest = reach & -reach
            mask = self.masks[lowest.bit_length() - 1]
            by_mask[mask] = by_mask.get(mask, 0) | lowest
            reach ^= lowest
        return parted(by_mask)

    def _reach(self, state: int) -> int:
        reach = 0
        while state:
            lowest = state & -state
            reach |= self.follow[lowest.bit_length() - 1]
            state ^= lowest
        return reach

    def _position(self, mask: int) -> int:
        self.masks.append(mask)
        self.follow.append(0)
        return len(self.masks) - 1

    def _build(self, node: Node) -> _Ends:
        match node:
            case Chars(mask):
                here = 1 << self._position(mask)
                return here, here, False
            case Concat(parts):
                ends: _Ends = (0, 0, True)
                for part in parts:
                    ends = self._linked(ends, self._build(part))
                return ends
            case Union(options):
                ends = (0, 0, False)
                for option in options:
                    first, last, empty = self._build(option)
                    ends = ends[0] | first, ends[1] | last, ends[2] or empty
                return ends
            case Repeat(body, least, most):
                return self._repeated(body, least, most)

    def _repeated(self, body: Node, least: int, most: int | None) -> _Ends:
        """The copies one by one, the last first; copies beyond `least` may be left out, with all that follow them."""
        copies = max(least, 1) if most is None else most
        ends: _Ends = (0, 0, True)
        for number in range(copies, 0, -1):
            copy = self._build(body)
            if most is None and number == copies:
                self._link(copy[1], copy[0])
            ends = self._linked(copy, ends)
            if number > least:
                ends = (ends[0], ends[1], True)
        return ends

    def _linked(self, left: _Ends, right: _Ends) -> _Ends:
        self._link(left[1], right[0])
        first = left[0] | right[0] if left[2] else left[0]
        last = left[1] | right[1] if right[2] else right[1]
        return first, last, left[2] and right[2]

    def _link(self, last: int, first: int) -> None:
        while last:
            lowest = last & -last
            self.follow[lowest.bit_length() - 1] |= first
            last ^= lowest


def parted(by_mask: dict[int, int]) -> list[tuple[int, int]]:
    """Cuts overlapping character sets into disjoint ones, each with all the positions that take it."""
    parts: list[tuple[int, int]] = []
    for mask, positions in by_mask.items():
        rest, cut = mask, []
        for chars, taken in parts:
            both = chars & mask
            if both:
                cut.append((both, taken | positions))
                rest &= ~both
            if chars & ~mask:
                cut.append((chars & ~mask, taken))
        if rest:
            cut.append((rest, positions))
        parts = cut
    return parts
