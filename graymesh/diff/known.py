"""A route table with what is known of its routes: whom they are for, and which of them are for everyone else.

Everyone else's routes are the last ones: those that ask for nothing but the cookie that carries the user's ticket or
for the key of a draw, and those that ask for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from graymesh.diff.model import Interval, RouteRow, Shares, Strip, VersionPart
from graymesh.ir.buckets import joined
from graymesh.ir.preflights import PREFLIGHT
from graymesh.ir.release import (
    ALWAYS,
    BUCKET_COUNT,
    Buckets,
    Condition,
    Kind,
    Present,
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
    """`audiences`: index of a route → its audiences. `canaries` are empty when nobody says which versions are."""

    table: RouteTable
    audiences: Mapping[int, Named]
    canaries: frozenset[str] = frozenset()
    stable: str = ""

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
        while index and index - 1 not in self.audiences and _of_everyone(self.routes[index - 1], cookies):
            index -= 1
        return index

    @cached_property
    def reached(self) -> frozenset[int]:
        """The routes that some request reaches; all of them when that is not decided."""
        try:
            return frozenset(index for index, request in enumerate(reachable(self.table)) if request is not None)
        except UndecidableError:
            return frozenset(range(len(self.routes)))

    @cached_property
    def cookie(self) -> str:
        """The cookie that carries tickets; empty when none does."""
        found = (test for route in self.routes[self.rest :] for tests in route.condition for test in tests)
        return next((test.field.name for test in found if isinstance(test.matcher, Buckets)), "")

    @property
    def held(self) -> bool:
        """Do users without a ticket get one version, and no ticket, while others go by theirs?"""
        last = self.routes[-1] if self.routes else None
        alone = last is not None and last.condition == ALWAYS and len(last.split.shares) == 1
        return bool(self.cookie and alone and last and not last.split.shares[0].set_cookie)

    @property
    def one_version(self) -> bool:
        """Does everyone else get the same version?"""
        return (
            len({shares_of(route) for route in self.routes[self.rest :]}) == 1 and len(self.versions_of(self.rest)) < 2
        )

    @cached_property
    def strip(self) -> tuple[tuple[int, int, int], ...]:
        """(first bucket, last bucket, index of the route that takes it), over all buckets; () where chance decides."""
        if not self.cookie:
            return ((0, BUCKET_COUNT - 1, len(self.routes) - 1),) if self.one_version else ()
        taken = [(index, _intervals(route)) for index, route in enumerate(self.routes) if index >= self.rest]
        edges = {0, BUCKET_COUNT} | {edge for _, spans in taken for low, high in spans for edge in (low, high + 1)}
        cuts = sorted(edges)
        return tuple((low, after - 1, _owner(taken, low, len(self.routes))) for low, after in pairwise(cuts))

    def versions_of(self, index: int) -> Shares:
        """Who answers requests of this route; everyone else's routes stand together."""
        if index >= self.rest:
            index = len(self.routes) - 1 if self.routes and self.routes[-1].condition == ALWAYS else len(self.routes)
        return shares_of(self.route(index))

    @property
    def users(self) -> Strip:
        """The strip with versions, for people."""
        return tuple(Interval(low, high, words(shares_of(self.route(index)))) for low, high, index in self.strip)

    def rows(self) -> tuple[RouteRow, ...]:
        """The table for people."""
        rows = [RouteRow(who=self.who(index), shares=shares_of(self.routes[index])) for index in range(self.rest)]
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
    return KnownTable(release.table, audiences, frozenset(spec.canaries), release.stable)


def shares_of(route: Route | None) -> Shares:
    """Versions with their parts, in the route's order; () when nobody answers."""
    parts: dict[str, int] = {}
    for share in route.split.shares if route else ():
        if share.basis_points:
            parts[share.version] = parts.get(share.version, 0) + share.basis_points
    return tuple(VersionPart(*part) for part in parts.items())


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


def _intervals(route: Route) -> tuple[tuple[int, int], ...]:
    if () in route.condition:
        return ((0, BUCKET_COUNT - 1),)
    found = (test.matcher for tests in route.condition for test in tests)
    return joined(span for matcher in found if isinstance(matcher, Buckets) for span in matcher.intervals)


def _owner(taken: list[tuple[int, tuple[tuple[int, int], ...]]], bucket: int, nobody: int) -> int:
    for index, spans in taken:
        if any(low <= bucket <= high for low, high in spans):
            return index
    return nobody
