"""All requests that given conditions can tell apart, as states of the fields that they test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias, assert_never

from graymesh.ir.release import Condition, Conjunction, Field, Kind, Matcher, Present
from graymesh.ir.semantics import Request, values_of
from graymesh.proof.classes import State, explored_states
from graymesh.proof.decision_lists import STEPS_OF_A_STATE, Case, Cases, Fields, Rules, Steps
from graymesh.proof.normal_form import NOTHING, simplest
from graymesh.proof.regex.domain import ALWAYS_THERE, inside

_MOST_AUTOMATA: Final = 10_000_000
"""Steps for the patterns of all fields, of a question that shares its steps with no other."""

_HOST: Final = "shop.example.com"

_SEVERAL: Final = frozenset([Kind.COOKIE, Kind.CLAIM])
"""Fields that may hold several values: pairs of one name, members of a list."""

Unseen: TypeAlias = Mapping[Kind, str]
"""Characters that one engine never sees in a value, since they part values there."""

NO_UNSEEN: Final[Unseen] = {}


class Space:
    """The fields that conditions test, with all their states.

    Raises UndecidableError for what lies outside the fragment or beyond the limits.
    """

    def __init__(self, conditions: Sequence[Condition], steps: Steps | None = None, unseen: Unseen = NO_UNSEEN) -> None:
        every = [tests for condition in conditions for tests in condition]
        if steps:
            steps.spend(len(every))
        automata = steps or Steps(_MOST_AUTOMATA)
        self._matchers: dict[Field, dict[Matcher, int]] = {}
        self._cases = {tests: self._case(tests) for tests in every}
        self.fields = list(self._matchers)
        self._numbers = {field: number for number, field in enumerate(self.fields)}
        self.states = [_states(field, known, automata, unseen) for field, known in self._matchers.items()]
        named = any(test.field.kind is Kind.HOST for tests in every for test in tests)
        self._plain = Request(host=_HOST) if named else Request()
        several = frozenset(number for number, field in enumerate(self.fields) if field.kind in _SEVERAL)
        self._answers = Fields(self.states, list(map(self._usual, self.fields, self.states)), several, shared=steps)

    def cases(self, condition: Condition) -> Cases:
        """The condition over the fields' states, for `decision_lists`; no cases when it never holds."""
        return tuple(sorted({case for tests in condition for case in self._numbered(tests)}))

    def request(self, chosen: Mapping[int, State]) -> Request:
        """A request whose fields are in these states and which is plain otherwise."""
        request = self._plain
        for number, state in sorted(chosen.items()):
            request = with_values(request, self.fields[number], state.values)
        return request

    def difference(self, left: Rules, right: Rules) -> Request | None:
        """A request for which the rules choose different outcomes, None when there is none."""
        found = self._answers.difference(left, right)
        return None if found is None else self.request(found)

    def differences(self, left: Rules, right: Rules) -> Iterator[tuple[int, int, Request]]:
        """Every pair of rules that choose different outcomes for one request, by their numbers, with such a request."""
        for i, j, found in self._answers.differences(left, right):
            yield i, j, self.request(found)

    def met(self, cases: Cases, earlier: Sequence[Cases]) -> Request | None:
        """A request for which one of the cases holds and none of the earlier ones, None when there is none."""
        found = self._answers.met(cases, earlier)
        return None if found is None else self.request(found)

    def _usual(self, field: Field, every: Sequence[State]) -> State | None:
        """The state of the field in a plain request, where one is known."""
        values = values_of(field, self._plain)
        return next((state for state in every if state.values == values), None)

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

    def _numbered(self, tests: Conjunction) -> Iterable[Case]:
        needs = self._cases[tests]
        if needs is not None:
            yield tuple(sorted((self._numbers[field], need) for field, need in needs.items()))


def _states(field: Field, matchers: Iterable[Matcher], steps: Steps, unseen: Unseen) -> Sequence[State]:
    found, explored = explored_states(field.kind, tuple(matchers), unseen.get(field.kind, ""))
    steps.spend(STEPS_OF_A_STATE * explored)
    return found


def read_alike(request: Request) -> bool:
    """Do all engines read every value of the request alike?"""
    pairs = ((Kind.HEADER, request.headers), (Kind.COOKIE, request.cookies), (Kind.QUERY, request.query))
    whole = (
        (Kind.PATH, request.path),
        (Kind.METHOD, request.method),
        *((Kind.HOST, host) for host in [request.host] if host),
        *((kind, value) for kind, found in (*pairs, (Kind.CLAIM, request.claims)) for _, value in found),
    )
    return all(inside(kind, value) for kind, value in whole)


def with_values(request: Request, field: Field, values: Sequence[str]) -> Request:
    """The request with exactly these values in the field."""
    pairs = tuple((field.name, value) for value in values)
    match field.kind:
        case Kind.PATH:
            return replace(request, path=values[0])
        case Kind.METHOD:
            return replace(request, method=values[0])
        case Kind.HOST:
            return replace(request, host=values[0])
        case Kind.SOURCE:
            return replace(request, source=values[0])
        case Kind.HEADER:
            return replace(request, headers=_replaced(request.headers, field.name, pairs))
        case Kind.COOKIE:
            return replace(request, cookies=_replaced(request.cookies, field.name, pairs))
        case Kind.QUERY:
            return replace(request, query=_replaced(request.query, field.name, pairs))
        case Kind.CLAIM:
            return replace(request, claims=_replaced(request.claims, field.name, pairs))
        case _:
            assert_never(field.kind)


def _replaced(
    before: tuple[tuple[str, str], ...], name: str, pairs: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    return (*(pair for pair in before if pair[0] != name), *pairs)
