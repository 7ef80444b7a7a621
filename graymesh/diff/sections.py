"""Routes that decide together: everyone else's, or those of an audience of which a share is drawn.

Those of users who are known already, by key or ticket, stand before the draw of everybody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from graymesh.diff.model import Shares, VersionPart
from graymesh.ir.buckets import joined
from graymesh.ir.release import ALWAYS, BUCKET_COUNT, Buckets, Conjunction, Intervals, Route

_EVERYBODY = ((0, BUCKET_COUNT - 1),)


@dataclass(frozen=True)
class Section:
    """The routes `first` to `after` - 1 of a table. Those of everyone else end with it, `of_everyone`."""

    routes: tuple[Route, ...]
    first: int
    after: int
    of_everyone: bool = False

    @property
    def main(self) -> int:
        """The index of the route for users who are not known; one behind the last when some of them get no answer."""
        last = self.after - 1
        answered = last >= self.first and self.routes[last].condition == ALWAYS
        return len(self.routes) if self.of_everyone and not answered else last

    @property
    def shares(self) -> Shares:
        """Who answers users who are not known."""
        return shares_of(self.route(self.main))

    def route(self, index: int) -> Route | None:
        """The route of this index; None for the one behind the last, which is no route."""
        return self.routes[index] if index < len(self.routes) else None

    @property
    def _mine(self) -> tuple[Route, ...]:
        return self.routes[self.first : self.after]

    @cached_property
    def cookie(self) -> str:
        """The cookie that carries tickets; empty when none does, or when an audience asks for its values itself."""
        if not self.of_everyone and self.after - self.first < 2:
            return ""
        found = (test for route in self._mine for tests in route.condition for test in tests)
        return next((test.field.name for test in found if isinstance(test.matcher, Buckets)), "")

    @property
    def held(self) -> bool:
        """Do users without a ticket get one version, and no ticket, while others go by theirs?"""
        last = self._mine[-1] if self._mine else None
        if last is None or (self.of_everyone and last.condition != ALWAYS):
            return False
        return bool(self.cookie) and len(last.split.shares) == 1 and not last.split.shares[0].set_cookie

    @property
    def one_version(self) -> bool:
        """Does everybody get the same version?"""
        return len({shares_of(route) for route in self._mine}) == 1 and len(self.shares) < 2

    @cached_property
    def strip(self) -> tuple[tuple[int, int, int], ...]:
        """(first bucket, last bucket, index of the route that takes it), over all buckets; () where chance decides."""
        if not self.cookie:
            last = max(self.after - 1, 0) if self.of_everyone else self.main
            return ((0, BUCKET_COUNT - 1, last),) if self.one_version else ()
        taken = [(self.first + number, self._buckets(route)) for number, route in enumerate(self._mine)]
        edges = {0, BUCKET_COUNT} | {edge for _, spans in taken for low, high in spans for edge in (low, high + 1)}
        cuts = sorted(edges)
        return tuple((low, after - 1, _owner(taken, low, len(self.routes))) for low, after in pairwise(cuts))

    def _buckets(self, route: Route) -> Intervals:
        """The buckets that a route takes of the section's users; none for one that asks for more than their ticket."""
        last = self._mine[-1]
        if route.split.key or {_untold(tests) for tests in route.condition} != {_untold(t) for t in last.condition}:
            return ()
        if () in route.condition:
            return _EVERYBODY
        told = [test.matcher for tests in route.condition for test in tests if isinstance(test.matcher, Buckets)]
        return joined(span for matcher in told for span in matcher.intervals) if told else _EVERYBODY


def _untold(tests: Conjunction) -> Conjunction:
    """What a conjunction asks for besides a ticket."""
    return tuple(test for test in tests if not isinstance(test.matcher, Buckets))


def shares_of(route: Route | None) -> Shares:
    """Versions with their parts, in the route's order; () when nobody answers."""
    parts: dict[str, int] = {}
    for share in route.split.shares if route else ():
        if share.basis_points:
            parts[share.version] = parts.get(share.version, 0) + share.basis_points
    return tuple(VersionPart(*part) for part in parts.items())


def _owner(taken: list[tuple[int, Intervals]], bucket: int, nobody: int) -> int:
    for index, spans in taken:
        if any(low <= bucket <= high for low, high in spans):
            return index
    return nobody
