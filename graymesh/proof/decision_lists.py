"""Compares two lists of rules, first match wins, over everything that the fields of a request can hold.

The lists differ when some request is taken by a case of the one and by a case of the other, with different outcomes,
and by no earlier case of either. Cases only ask for tests to hold, so of a field's states it is enough to look at those
that make least true; mostly that is a single one, and nothing needs to be tried out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from graymesh.proof.classes import State
from graymesh.proof.normal_form import UndecidableError

MOST_STEPS: Final = 1_000_000
"""So many cases are looked at for one answer; some seconds."""

MOST_STEPS_TOGETHER: Final = 3_000_000
"""The same for all that one rule asks about a release."""


STEPS_OF_A_STATE: Final = 20
"""What exploring one set of an automaton's states is worth, by time."""


@dataclass(slots=True)
class Steps:
    """What several questions may cost together; without it each question has `MOST_STEPS` of its own."""

    left: int = MOST_STEPS_TOGETHER

    def spend(self, steps: int) -> None:
        """Raises UndecidableError when there are not so many left."""
        self.left -= steps
        if self.left < 0:
            raise UndecidableError("too many combinations of conditions to look at")


Case: TypeAlias = tuple[tuple[int, int], ...]
"""What must hold together: (field's number, bits that its state's truth must have), sorted by field."""

Cases: TypeAlias = tuple[Case, ...]
"""Any of the cases. `((),)` always holds, `()` never."""

Rules: TypeAlias = Sequence[tuple[Cases, int]]
"""Conditions in order, each with the number of its outcome."""

Chosen: TypeAlias = dict[int, State]
ALWAYS: Final[Cases] = ((),)
_Options: TypeAlias = dict[int, list[State]]


def both(left: Cases, right: Cases, steps: Steps | None = None) -> Cases:
    """The cases in which a case of each side holds. Raises UndecidableError."""
    (steps or Steps()).spend(len(left) * len(right))
    return tuple(sorted({_joined(one, other) for one in left for other in right}))


def _joined(left: Case, right: Case) -> Case:
    needs = dict(left)
    for field, need in right:
        needs[field] = needs.get(field, 0) | need
    return tuple(sorted(needs.items()))


class Fields:
    """The states of numbered fields, and answers about them.

    `usual` are the states of a plain request, as far as they are known; `several` are the fields that may hold several
    values at once, any of which satisfies a test.
    """

    def __init__(
        self,
        states: Sequence[Sequence[State]],
        usual: Sequence[State | None],
        several: frozenset[int] = frozenset(),
        most_steps: int = MOST_STEPS,
        shared: Steps | None = None,
    ) -> None:
        self._states = states
        self._usual = usual
        self._several = several
        self._most_steps, self._steps, self._shared = most_steps, Steps(most_steps), shared
        self._fitting: dict[tuple[int, int], list[State]] = {}

    def difference(self, left: Rules, right: Rules) -> Chosen | None:
        """States for which the lists choose different outcomes, None when there are none; as `differences`."""
        return next((chosen for _, _, chosen in self.differences(left, right)), None)

    def differences(self, left: Rules, right: Rules) -> Iterator[tuple[int, int, Chosen]]:
        """Every pair of rules that choose different outcomes for one request, by their numbers, with such states.

        Both lists end with a rule that always holds. Fields that are not in the answer do not matter. Raises
        UndecidableError beyond the limit.
        """
        self._steps = Steps(self._most_steps)
        reach = {case: self._surely_taken(case, right) for cases, _ in left for case in cases}
        back = {case: self._surely_taken(case, left) for cases, _ in right for case in cases}
        for i, (cases, outcome) in enumerate(left):
            seen = set[int]()
            for case in cases:
                for j, (others, result) in enumerate(right[: reach[case] + 1]):
                    for other in others if outcome != result and j not in seen else ():
                        if i <= back[other]:
                            found = self._met(_joined(case, other), _earlier(left, i), _earlier(right, j))
                            if found is not None:
                                seen.add(j)
                                yield i, j, found
                                break

    def met(self, cases: Cases, earlier: Sequence[Cases]) -> Chosen | None:
        """States for which one of the cases holds and none of the earlier ones; as `difference` otherwise."""
        self._steps = Steps(self._most_steps)
        for case in cases:
            found = self._met(case, [other for taken in earlier for other in taken], [])
            if found is not None:
                return found
        return None

    def _surely_taken(self, case: Case, rules: Rules) -> int:
        """The first rule that takes whatever the case takes; what comes after it need not be looked at."""
        sure = {field: self._sure(field, need) for field, need in case}
        for number, (cases, _) in enumerate(rules):
            self._spend(len(cases))
            for other in cases:
                for field, need in other:
                    known = sure[field] if field in sure else self._sure(field, 0)
                    if need & ~known:
                        break
                else:
                    return number
        return len(rules)

    def _sure(self, field: int, need: int) -> int:
        """The tests that hold in every state in which the needed ones do."""
        sure = -1
        for state in self._least(field, need):
            sure &= state.truth
        return sure

    def _least(self, field: int, need: int) -> list[State]:
        """The states that have what is needed and of that make least true, a plain one first."""
        known = self._fitting.get((field, need))
        if known is None:
            found = [state for state in self._states[field] if state.truth & need == need]
            if field in self._several and need.bit_count() > 1:
                found.extend(self._together(field, need))
            known = self._fitting[field, need] = _least(found, self._usual[field])
        return known

    def _together(self, field: int, need: int) -> list[State]:
        """States of several cookie pairs of one name.

        A test of a cookie holds when any pair satisfies it. Of a request with the needed tests, one pair for each of
        them is enough: without the other pairs the needed tests still hold and no more of others does. So there are
        as many pairs at most as the two cases that choose an outcome have tests on the cookie.
        """
        found = [State((), 0)]
        for bit in (1 << index for index in range(need.bit_length()) if need >> index & 1):
            pairs = [state for state in self._states[field] if state.values and state.truth & bit]
            self._spend(len(found) * len(pairs))
            found = _least([_both_held(state, pair) for state in found for pair in pairs], None)
        return found

    def _met(self, case: Case, *forbidden: Sequence[Case]) -> Chosen | None:
        options: _Options = {field: self._least(field, need) for field, need in case}
        if not all(options.values()):
            return None
        against = [other for cases in forbidden for other in cases]
        found = self._without(against, options)
        return None if found is None else self._plainer(case, against, found)

    def _without(self, cases: Sequence[Case], options: _Options) -> Chosen | None:
        """One of each field's options such that no case holds."""
        self._spend(len(cases))
        open_cases: list[Case] = []
        for case in cases:
            parts = self._open_parts(case, options)
            if parts == ():
                return None
            if parts is not None:
                open_cases.append(parts)
        if not open_cases:
            return {field: states[0] for field, states in options.items()}
        for field, need in min(open_cases, key=len):
            narrowed = [state for state in options[field] if state.truth & need != need]
            found = self._without(open_cases, {**options, field: narrowed})
            if found is not None:
                return found
        return None

    def _open_parts(self, case: Case, options: _Options) -> Case | None:
        """The parts by whose fields the case can still be avoided; None when it is avoided whatever is chosen."""
        parts = []
        for field, need in case:
            if field not in options:
                options[field] = self._least(field, 0)
            held = sum(state.truth & need == need for state in options[field])
            if not held:
                return None
            if held < len(options[field]):
                parts.append((field, need))
        return tuple(parts)

    def _plainer(self, case: Case, forbidden: Sequence[Case], chosen: Chosen) -> Chosen:
        """The same answer with plain states where they do as well."""
        needs = dict(case)
        for field, before in chosen.items():
            usual, need = self._usual[field], needs.get(field, 0)
            if usual is None or usual is before or usual.truth & need != need:
                continue
            changed = {**chosen, field: usual}
            if not any(self._holds(other, changed) for other in forbidden):
                chosen = changed
        return chosen

    def _holds(self, case: Case, chosen: Chosen) -> bool:
        """Does the case hold, with plain states for fields that nobody chose? Yes when those are not known."""
        states = ((chosen.get(field, self._usual[field]), need) for field, need in case)
        return all(state is None or state.truth & need == need for state, need in states)

    def _spend(self, steps: int) -> None:
        self._steps.spend(steps)
        if self._shared:
            self._shared.spend(steps)


def _earlier(rules: Rules, end: int) -> list[Case]:
    return [case for cases, _ in rules[:end] for case in cases]


def _least(states: Sequence[State], usual: State | None) -> list[State]:
    """Those states of which no other makes only a part true."""
    kept: list[State] = []
    for state in sorted(states, key=lambda state: (state.truth.bit_count(), len(state.values), state is not usual)):
        if not any(state.truth & less.truth == less.truth for less in kept):
            kept.append(state)
    return kept


def _both_held(left: State, right: State) -> State:
    values = tuple(dict.fromkeys((*left.values, *right.values)))
    return State(values, left.truth | right.truth, left.alike and right.alike)
