"""All requests that given conditions can tell apart, as states of the fields that they test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

from graymesh.classes import State, states
from graymesh.decision_lists import ALWAYS, Conjunct, difference
from graymesh.ir import Condition, Conjunction, Field, Kind, Matcher, Present
from graymesh.normal_form import NOTHING, simplest
from graymesh.semantics import Request, values_of
from graymesh.value_domain import ALWAYS_THERE

_HOST: Final = "shop.example.com"


class Space:
    """The fields that conditions test, with all their states.

    `together` is how many terms, of whatever table, choose an outcome at a time: two when two tables are compared.
    Raises UndecidableError for what lies outside of the fragment or beyond the limits.
    """

    def __init__(self, conditions: Sequence[Condition], together: int = 2) -> None:
        every = [tests for condition in conditions for tests in condition]
        self._matchers: dict[Field, dict[Matcher, int]] = {}
        self._cases = {tests: self._case(tests) for tests in every}
        self.fields = list(self._matchers)
        self._numbers = {field: number for number, field in enumerate(self.fields)}
        self.states = [self._states_of(field, every, together) for field in self.fields]
        named = any(test.field.kind is Kind.HOST for tests in every for test in tests)
        self._plain = Request(host=_HOST) if named else Request()

    def cases(self, condition: Condition) -> tuple[Conjunct, ...]:
        """The condition over the fields' states, for `decision_lists`; no cases when it never holds."""
        return tuple(sorted({case for tests in condition for case in self._numbered(tests)}))

    def request(self, chosen: Mapping[int, State]) -> Request:
        """A request whose fields are in these states and which is plain otherwise."""
        request = self._plain
        for number, state in sorted(chosen.items()):
            request = with_values(request, self.fields[number], state.values)
        return request

    def met(self, cases: Sequence[Conjunct], earlier: Sequence[Sequence[Conjunct]]) -> Request | None:
        """A request for which one of the cases holds and none of the earlier ones, None when there is none."""
        if not cases:
            return None
        for usual in (self._usual, self._quiet):
            for case in cases:
                chosen = self._fitting(case, usual)
                if chosen is not None and not _any_holds(earlier, [state.truth for state in chosen]):
                    return self.request({number: state for number, state in enumerate(chosen) if state.values})
        rules = (*((tuple(taken), 0) for taken in earlier), (tuple(cases), 1), (ALWAYS, 0))
        found = difference(rules, ((ALWAYS, 0),), self.states)
        return None if found is None else self.request(found)

    @cached_property
    def _quiet(self) -> list[State]:
        """For each field the state that makes least true."""
        return [min(every, key=_least) for every in self.states]

    @cached_property
    def _usual(self) -> list[State]:
        """For each field the state that it has in a plain request, where one is known."""
        plain = [values_of(field, self._plain) for field in self.fields]
        return [
            next((state for state in every if state.values == values), quiet)
            for every, values, quiet in zip(self.states, plain, self._quiet, strict=True)
        ]

    def _fitting(self, case: Conjunct, usual: Sequence[State]) -> list[State] | None:
        """The usual states, but for the fields that the case needs otherwise."""
        chosen = list(usual)
        for number, need in case:
            fitting = [state for state in self.states[number] if state.truth & need == need]
            if not fitting:
                return None
            chosen[number] = min(fitting, key=_least)
        return chosen

    def _case(self, tests: Conjunction) -> dict[Field, int] | None:
        """The bits that each field's truth must have, None when that is impossible."""
        needs: dict[Field, int] = {}
        for test in tests:
            matcher = simplest(test.field, test.matcher)
            if matcher == NOTHING:
                return None
            if isinstance(matcher, Present) and test.field.kind in ALWAYS_THERE:
                continue
            known = self._matchers.setdefault(test.field, {})
            needs[test.field] = needs.get(test.field, 0) | 1 << known.setdefault(matcher, len(known))
        return needs

    def _numbered(self, tests: Conjunction) -> Iterable[Conjunct]:
        needs = self._cases[tests]
        if needs is not None:
            yield tuple(sorted((self._numbers[field], need) for field, need in needs.items()))

    def _states_of(self, field: Field, every: Sequence[Conjunction], together: int) -> tuple[State, ...]:
        most = 1
        if field.kind is Kind.COOKIE:
            most = max(sum(test.field == field for test in tests) for tests in every) * together
        return states(field.kind, tuple(self._matchers[field]), most)


def _least(state: State) -> tuple[int, int]:
    return state.truth.bit_count(), len(state.values)


def _any_holds(lists: Sequence[Sequence[Conjunct]], truths: Sequence[int]) -> bool:
    for cases in lists:
        for case in cases:
            for number, need in case:
                if truths[number] & need != need:
                    break
            else:
                return True
    return False


def with_values(request: Request, field: Field, values: Sequence[str]) -> Request:
    """The request with exactly these values in the field."""
    match field.kind:
        case Kind.PATH:
            return replace(request, path=values[0])
        case Kind.METHOD:
            return replace(request, method=values[0])
        case Kind.HOST:
            return replace(request, host=values[0])
        case Kind.SOURCE:
            return replace(request, source=values[0])
    pairs = tuple((field.name, value) for value in values)
    match field.kind:
        case Kind.HEADER:
            return replace(request, headers=_replaced(request.headers, field.name, pairs))
        case Kind.COOKIE:
            return replace(request, cookies=_replaced(request.cookies, field.name, pairs))
        case Kind.QUERY:
            return replace(request, query=_replaced(request.query, field.name, pairs))
        case _:
            return replace(request, claims=_replaced(request.claims, field.name, pairs))


def _replaced(
    before: tuple[tuple[str, str], ...], name: str, pairs: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    return (*(pair for pair in before if pair[0] != name), *pairs)
