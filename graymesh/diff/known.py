"""A route table with what is known of its routes: whom they are for, and which of them are for everyone else.

Everyone else's routes are the last ones: those that ask for nothing but the cookie that carries the user's ticket or
for the key of a draw, and those that ask for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from graymesh.diff.model import Interval, RouteRow, Shares, Strip
from graymesh.diff.sections import Section, shares_of
from graymesh.ir.preflights import PREFLIGHT
from graymesh.ir.release import (
    ALWAYS,
    Buckets,
    Condition,
    Field,
    Kind,
    Present,
    Regex,
    Release,
    Route,
    RouteTable,
    Test,
)
from graymesh.ir.wording import condition, shares_in_words
from graymesh.language.case import Case
from graymesh.proof.equivalence import UndecidableError, reachable

NOBODY = "nobody (404)"
PREFLIGHTS = "CORS preflights"
SPLIT = "a draw"
Named = tuple[tuple[str, Condition], ...]
"""Audiences by name, with what they ask for."""


@dataclass(frozen=True)
class KnownTable:
    """`audiences`: index of a route → its audiences. `canaries` are empty when nobody says which versions are.

    `identity`: the field whose last so many digits say who gets which version, where they do.
    """

    table: RouteTable
    audiences: Mapping[int, Named]
    canaries: frozenset[str] = frozenset()
    stable: str = ""
    identity: tuple[Field, int] | None = None

    @property
    def routes(self) -> tuple[Route, ...]:
        """The table's routes."""
        return self.table.routes

    def route(self, index: int) -> Route | None:
        """The route of this index; None for the one behind the last, which is no route."""
        return self.routes[index] if index < len(self.routes) else None

    @cached_property
    def rest(self) -> int:
        """The index of the first of everyone else's routes."""
        index, cookies = len(self.routes), set[str]()
        while index and index - 1 not in self.audiences and self._of_everyone(self.routes[index - 1], cookies):
            index -= 1
        return index

    def _of_everyone(self, route: Route, cookies: set[str]) -> bool:
        numbered = self.identity is not None and all(
            len(tests) == 1 and tests[0].field == self.identity[0] and isinstance(tests[0].matcher, Regex)
            for tests in route.condition
        )
        return numbered or _of_everyone(route, cookies)

    @cached_property
    def reached(self) -> frozenset[int]:
        """The routes that some request reaches; all of them when that is not decided."""
        try:
            return frozenset(index for index, request in enumerate(reachable(self.table)) if request is not None)
        except UndecidableError:
            return frozenset(range(len(self.routes)))

    @cached_property
    def everyone(self) -> Section:
        """Everyone else's routes."""
        return Section(self.routes, self.rest, len(self.routes), of_everyone=True)

    def section(self, index: int) -> Section:
        """The routes that decide together with the one of this index."""
        if index >= self.rest:
            return self.everyone
        first, after = index, index + 1
        while first and self._together(first - 1, index):
            first -= 1
        while after < self.rest and self._together(after, index):
            after += 1
        return Section(self.routes, first, after)

    def _together(self, index: int, other: int) -> bool:
        """Are both of one route of the spec?"""
        return index in self.audiences and self.routes[index].origin == self.routes[other].origin

    def versions_of(self, index: int) -> Shares:
        """Who answers requests of this route, of users who are not known where it is one of several."""
        return self.section(index).shares

    @property
    def users(self) -> Strip:
        """The strip with versions, for people."""
        strip = self.everyone.strip
        return tuple(Interval(low, high, words(shares_of(self.route(index)))) for low, high, index in strip)

    def rows(self) -> tuple[RouteRow, ...]:
        """The table for people."""
        mains = [index for index in range(self.rest) if self.section(index).main == index]
        rows = [RouteRow(who=self.who(index), shares=shares_of(self.routes[index])) for index in mains]
        return (*rows, RouteRow(who="everyone else", shares=self.versions_of(self.rest)))

    def who(self, index: int) -> str:
        """Whom a route is for."""
        if index >= self.rest:
            return "everyone else"
        if self.routes[index].condition == PREFLIGHT:
            return PREFLIGHTS
        named = self.audiences.get(index, ())
        return ", ".join(name for name, _ in named) or condition(self.routes[index])


def known(case: Case, release: Release | None = None) -> KnownTable:
    """A release with the audiences that its spec names, at its stage or at another."""
    release = release or case.release
    spec = case.rollout.spec
    audiences: dict[int, Named] = {}
    for index, route in enumerate(release.table.routes):
        if route.origin[:2] == ("spec", "routes"):
            written = spec.routes[int(route.origin[2])].audience
            audiences[index] = tuple((name, tuple(e.tests() for e in spec.audiences[name])) for name in written)
    key = spec.sticky.key if spec.sticky else None
    identity = (key.field, key.digits) if key and key.digits else None
    return KnownTable(release.table, audiences, frozenset(spec.canaries), release.stable, identity)


def words(shares: Shares) -> str:
    """`v2`, `5% v2 and 95% v1`, or nobody."""
    return shares_in_words(dict(shares)) if shares else NOBODY


def same(left: Shares, right: Shares) -> bool:
    """The same versions with the same parts, in whatever order."""
    return sorted(left) == sorted(right)


def carries_ticket(route: Route) -> bool:
    """Does the route ask for nothing but tickets?"""
    return route.condition != ALWAYS and _of_everyone(route, set())


def _of_everyone(route: Route, cookies: set[str]) -> bool:
    """Does the route draw by a key, or ask for tickets in one cookie at most, the same one as the routes behind it?"""
    if route.split.key and all(tests == (Test(route.split.key, Present()),) for tests in route.condition):
        return True
    tests = [test for conjunction in route.condition for test in conjunction]
    cookies |= {test.field.name for test in tests}
    alone = all(len(conjunction) <= 1 for conjunction in route.condition)
    carried = all(test.field.kind is Kind.COOKIE and isinstance(test.matcher, Buckets) for test in tests)
    return alone and carried and len(cookies) <= 1
