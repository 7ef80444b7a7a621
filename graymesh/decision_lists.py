"""Compares two lists of rules, first match wins, over everything that the fields of a request can hold.

Both lists are simplified for one field's states after the other. States that neither list tells apart go together,
equal remainders are equal whatever follows, and a pair of remainders is looked at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from graymesh.classes import State
from graymesh.normal_form import UndecidableError

MOST_STEPS: Final = 200_000
"""So many pairs of remainders are compared."""

Conjunct: TypeAlias = tuple[tuple[int, int], ...]
"""What must hold together: (field's number, bits that its state's truth must have), sorted by field."""

Rule: TypeAlias = tuple[tuple[Conjunct, ...], int]
"""Any of the conjuncts, and the number of the outcome. `((),)` always holds."""

Rules: TypeAlias = tuple[Rule, ...]
ALWAYS: Final[tuple[Conjunct, ...]] = ((),)


def difference(
    left: Rules, right: Rules, states: Sequence[Sequence[State]], most_steps: int = MOST_STEPS
) -> dict[int, State] | None:
    """States of fields for which the lists choose different outcomes, None when there are none.

    Fields that are not in the answer do not matter. Both lists must end with a rule that always holds. Raises
    UndecidableError beyond `most_steps`.
    """
    return _Comparison(states, most_steps).run(simplified(left), simplified(right))


def both(left: tuple[Conjunct, ...], right: tuple[Conjunct, ...]) -> tuple[Conjunct, ...]:
    """The cases in which a case of each side holds."""
    return tuple(sorted({_joined(one, other) for one in left for other in right}))


def _joined(left: Conjunct, right: Conjunct) -> Conjunct:
    needs = dict(left)
    for field, need in right:
        needs[field] = needs.get(field, 0) | need
    return tuple(sorted(needs.items()))


def simplified(rules: Rules) -> Rules:
    """The rules without those that can be left out: what never holds, and what a later rule says too."""
    return _given(rules, -1, 0)


class _Comparison:
    def __init__(self, states: Sequence[Sequence[State]], steps: int) -> None:
        self._states = states
        self._steps = steps
        self._equal: set[tuple[Rules, Rules]] = set()

    def run(self, left: Rules, right: Rules) -> dict[int, State] | None:
        """A difference between remainders, as `difference` gives it."""
        if left == right or (left, right) in self._equal:
            return None
        if len(left) == len(right) == 1:
            return {}
        self._steps -= 1
        if self._steps < 0:
            raise UndecidableError("too many combinations of conditions to look at")
        field = _first_field(left) if len(left) > 1 else _first_field(right)
        for state in self._told_apart(field, left, right):
            found = self.run(_given(left, field, state.truth), _given(right, field, state.truth))
            if found is not None:
                return {**found, field: state}
        self._equal.add((left, right))
        return None

    def _told_apart(self, field: int, left: Rules, right: Rules) -> list[State]:
        """One state for each way in which the rules' tests on the field can turn out."""
        needs = {
            need for rules in (left, right) for cases, _ in rules for case in cases for at, need in case if at == field
        }
        asked = sorted(needs)
        found: dict[tuple[bool, ...], State] = {}
        for state in self._states[field]:
            found.setdefault(tuple([need & state.truth == need for need in asked]), state)
        return list(found.values())


def _first_field(rules: Rules) -> int:
    return rules[0][0][0][0][0]


def _given(rules: Rules, field: int, truth: int) -> Rules:
    """What is left of the rules when the field's state is known. Neighbours of one outcome become one rule."""
    kept: list[Rule] = []
    for cases, outcome in rules:
        left = _cases_given(cases, field, truth)
        if not left:
            continue
        if kept and kept[-1][1] == outcome:
            earlier = kept.pop()[0]
            left = ALWAYS if left == ALWAYS else tuple(sorted({*earlier, *left}))
        kept.append((left, outcome))
        if left == ALWAYS:
            break
    return tuple(kept)


def _cases_given(cases: tuple[Conjunct, ...], field: int, truth: int) -> tuple[Conjunct, ...]:
    left: set[Conjunct] = set()
    for case in cases:
        rest = case
        for part in case:
            if part[0] == field:
                if part[1] & truth != part[1]:
                    break
                rest = tuple([other for other in case if other is not part])
        else:
            if not rest:
                return ALWAYS
            left.add(rest)
    return tuple(sorted(left))
