"""Do two route tables agree on every request? If not, here is a request on which they differ.

Decided, not sampled: the matchers of both tables cut every field's values into finitely many classes, each with a
witness (`graymesh.proof.classes`), and the two lists of routes are compared over the combinations
(`graymesh.proof.decision_lists`). The fragment: values as in `graymesh.proof.regex.domain`, no repeated header and no
repeated query parameter; several cookies of one name and lists of claims are inside. Outside it, and beyond the
limits, the answer is `Undecided`, never `Equal`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from graymesh.ir.release import ALWAYS as ALWAYS_HOLDS
from graymesh.ir.release import Condition, Conjunction, RouteTable
from graymesh.ir.semantics import Decision, Request, decide
from graymesh.proof.corpus import corpus
from graymesh.proof.decision_lists import ALWAYS, STEPS_OF_A_STATE, Cases, Rules, Steps, both
from graymesh.proof.normal_form import UndecidableError, form
from graymesh.proof.outcomes import Outcome, outcome, same_outcome
from graymesh.proof.request_space import NO_UNSEEN, Space, Unseen

__all__ = [
    "STEPS_OF_A_STATE",
    "Difference",
    "Equal",
    "Result",
    "Shadow",
    "Steps",
    "UndecidableError",
    "Undecided",
    "common",
    "compare",
    "corpus",
    "differences",
    "idle",
    "overlap",
    "reachable",
    "shadowing",
    "witness_for",
]


@dataclass(frozen=True, slots=True)
class Equal:
    """Both tables do the same with every request of the fragment."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A request with which the tables do different things, and what each does."""

    request: Request
    left: Decision
    right: Decision


@dataclass(frozen=True, slots=True)
class Undecided:
    """Nothing is claimed; `reason` says which part is outside the fragment or beyond which limit."""

    reason: str


Result: TypeAlias = Equal | Difference | Undecided
EQUAL: Final = Equal()


class Shadow(NamedTuple):
    """Earlier routes that between them take a route's requests, by their index, and one such request."""

    earlier: tuple[int, ...]
    request: Request | None


def compare(left: RouteTable, right: RouteTable, unseen: Unseen = NO_UNSEEN) -> Result:
    """Equal when every request of the fragment meets the same outcome, else a request that does not.

    An outcome is who gets which part of the requests, with which cookie and headers, by which key (and then in which
    order), and the route's policy, however the routes are named, cut and ordered. No route is an outcome too. `unseen`
    are characters that the engine of one side never sees in values.
    """
    try:
        if _alike(left, right) or _alike_when_merged(left, right):
            return EQUAL
        return _compared(left, right, unseen)
    except UndecidableError as error:
        return Undecided(str(error))


def _alike(left: RouteTable, right: RouteTable) -> bool:
    """Do the tables say the same route by route? The usual answer for what graymesh itself wrote."""
    return len(left.routes) == len(right.routes) and all(
        (one.condition == other.condition or form(one.condition) == form(other.condition)) and same_outcome(one, other)
        for one, other in zip(left.routes, right.routes, strict=True)
    )


def _alike_when_merged(left: RouteTable, right: RouteTable) -> bool:
    """The same with neighbours of one outcome as one route, as engines need whose routes know no "or"."""
    one, other = _merged(left), _merged(right)
    return len(one) == len(other) and all(
        result == also and (condition == same or form(condition) == form(same))
        for (condition, result), (same, also) in zip(one, other, strict=True)
    )


def _merged(table: RouteTable) -> list[tuple[Condition, Outcome | None]]:
    """Conditions with their outcomes, nothing after a condition that always holds."""
    merged: list[tuple[Condition, Outcome | None]] = []
    for route in table.routes:
        result = outcome(route)
        earlier = merged.pop()[0] if merged and merged[-1][1] == result else ()
        if () in route.condition:
            return [*merged, (ALWAYS_HOLDS, result)]
        merged.append(((*earlier, *route.condition), result))
    return merged


def _compared(left: RouteTable, right: RouteTable, unseen: Unseen = NO_UNSEEN) -> Result:
    space = Space([route.condition for table in (left, right) for route in table.routes], unseen=unseen)
    outcomes: dict[Outcome | None, int] = {None: 0}
    request = space.difference(_rules(space, left, outcomes), _rules(space, right, outcomes))
    if request is None:
        return EQUAL
    one, other = decide(left, request), decide(right, request)
    if outcome(one.route) == outcome(other.route):
        raise AssertionError(f"equivalence and semantics disagree on {request}")
    return Difference(request, one, other)


def _rules(space: Space, table: RouteTable, outcomes: dict[Outcome | None, int]) -> Rules:
    rules = [
        (space.cases(route.condition), outcomes.setdefault(outcome(route), len(outcomes))) for route in table.routes
    ]
    return (*rules, (ALWAYS, 0))


def differences(left: RouteTable, right: RouteTable) -> Iterator[tuple[int, int, Request]]:
    """Every pair of routes that do different things with one request: their indexes, and such a request.

    An index behind the last route stands for "no route". Raises UndecidableError, maybe after some of the pairs.
    """
    if _alike(left, right) or _alike_when_merged(left, right):
        return
    space = Space([route.condition for table in (left, right) for route in table.routes])
    outcomes: dict[Outcome | None, int] = {None: 0}
    yield from space.differences(_rules(space, left, outcomes), _rules(space, right, outcomes))


def common(left: RouteTable, i: int, right: RouteTable, j: int, within: Condition = ALWAYS_HOLDS) -> Request | None:
    """A request that route i of the one table and route j of the other take and that meets the condition as well.

    An index behind the last route stands for "no route". None when there is no such request.
    """
    space = Space([within, *(route.condition for table in (left, right) for route in table.routes)])
    ours = [space.cases(route.condition) for route in left.routes] + [ALWAYS]
    theirs = [space.cases(route.condition) for route in right.routes] + [ALWAYS]
    return space.met(both(both(ours[i], theirs[j]), space.cases(within)), [*ours[:i], *theirs[:j]])


def witness_for(table: RouteTable, index: int) -> Request | None:
    """A request that reaches the route of this index, None when earlier routes take them all.

    Raises UndecidableError, as do the functions below.
    """
    cases, space = _cases(table)
    return space.met(cases[index], cases[:index])


def reachable(table: RouteTable, steps: Steps | None = None) -> list[Request | None]:
    """For each route a request that reaches it, None when there is none."""
    cases, space = _cases(table, steps)
    return [space.met(cases[index], cases[:index]) for index in range(len(cases))]


def idle(conjunctions: Sequence[Conjunction], steps: Steps | None = None) -> list[bool]:
    """For each alternative of a condition: do the others take all its requests? Of equal ones only the first is not."""
    space = Space([tuple(conjunctions)], steps)
    cases = [space.cases((tests,)) for tests in conjunctions]
    first = {tests: index for index, tests in reversed(list(enumerate(conjunctions)))}
    repeated = [first[tests] < index for index, tests in enumerate(conjunctions)]
    kept = dict.fromkeys(conjunctions)
    return [
        repeated[index]
        or (
            len(kept) > 1 and space.met(cases[index], [cases[first[other]] for other in kept if other != tests]) is None
        )
        for index, tests in enumerate(conjunctions)
    ]


def _cases(table: RouteTable, steps: Steps | None = None) -> tuple[list[Cases], Space]:
    space = Space([route.condition for route in table.routes], steps)
    return [space.cases(route.condition) for route in table.routes], space


def shadowing(table: RouteTable, index: int, steps: Steps | None = None) -> Shadow:
    """The earlier routes that take requests which meet the condition of this one, and one such request.

    For a route that nothing reaches these are the routes that shadow it. No route and no request when no request
    meets the condition at all.
    """
    cases, space = _cases(table, steps)
    takers = {
        earlier: request
        for earlier in range(index)
        if (request := space.met(both(cases[earlier], cases[index], steps), cases[:earlier])) is not None
    }
    return Shadow(tuple(takers), next(iter(takers.values()), None))


def overlap(left: Condition, right: Condition, steps: Steps | None = None) -> Request | None:
    """A request that meets both conditions, None when there is none."""
    space = Space([left, right], steps)
    return space.met(both(space.cases(left), space.cases(right), steps), [])
