"""Runs the tests that a spec brings along: on its own decision at each stage, or on what an engine's files amount to.

Lint, `graymesh test` and through lint the compiler all judge by `failures`, so that a test which holds where it is
written holds wherever the release is moved to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graymesh.diagnostic import Pointer
from graymesh.did_you_mean import listed, quoted
from graymesh.ir.release import Release, RouteTable
from graymesh.ir.semantics import Decision, Request, decide
from graymesh.ir.tickets import ticket_of
from graymesh.ir.witness import in_words

if TYPE_CHECKING:  # a rule imports this module, and its page is shown without any model
    from graymesh.language.expectations import SpecTest, TestRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A test whose request got something else; shares are basis points by version, as the decision names them.

    `stages` are those at which it fails, "" for a release without any; the decision is that of the first one. `holds`
    are those at which the same request gets what is expected.
    """

    index: int
    request: Request
    expected: Mapping[str, int]
    decision: Decision
    stages: tuple[str, ...] = ("",)
    holds: tuple[str, ...] = field(default=())

    @property
    def origin(self) -> Pointer:
        """Where the spec says what it expects."""
        return ("spec", "tests", self.index, "expect")

    @property
    def message(self) -> str:
        """The stage, the request, what is expected and what was found."""
        first, *others = self.stages
        also = f", and at {listed(others)}" if others else ""
        where = f" at stage {quoted(first)}{also}" if first else ""
        got = f"expected {_shown(self.expected)}, got {_shown(shares_of(self.decision))}: {_reason(self.decision)}"
        return f"this test fails{where}: {in_words(self.request)}: {got}"

    @property
    def advice(self) -> str:
        """How to say when the test holds, where it does at some stages; "" where it does at none."""
        if not self.holds:
            return ""
        said = self.holds[0] if len(self.holds) == 1 else f"[{', '.join(self.holds)}]"
        return f"it is judged at every stage unless it says otherwise: stage: {said}"


def failures(releases: Sequence[Release], tests: Sequence[SpecTest], cookie: str = "") -> list[Failure]:
    """The tests that the release fails at a stage where they are judged, each once.

    `releases` are all its stages; `cookie` is the one that carries tickets.
    """
    return [failure for index, test in enumerate(tests) if (failure := _failure(releases, index, test, cookie))]


def check(table: RouteTable, test: SpecTest, host: str = "", cookie: str = "") -> bool:
    """Does the table give the test's request what is expected?

    `host` is that of a request which names none, `cookie` the one that carries tickets.
    """
    decision = decide(table, request_of(test.request, host, cookie))
    return shares_of(decision) == wanted(test)


def judged(releases: Sequence[Release], test: SpecTest) -> Iterator[Release]:
    """The release at each stage at which the test is judged; as it is, where it has no stages."""
    names = test.stages([release.stage for release in releases])
    return (release for release in releases if release.stage in names)


def request_of(written: TestRequest, host: str = "", cookie: str = "") -> Request:
    """The request as the first engine sees it; `cookie` is the one that carries the user's ticket."""
    tickets = () if written.bucket is None else ((cookie, ticket_of(written.bucket)),)
    return Request(
        method=written.method,
        host=written.host or host,
        path=written.path,
        query=tuple(written.query.items()),
        headers=tuple(written.headers.items()),
        cookies=(*written.cookies.items(), *tickets),
        claims=tuple(written.claims.items()),
        source=written.source,
    )


def shares_of(decision: Decision) -> dict[str, int]:
    """Basis points by version; empty when no route takes the request."""
    found: dict[str, int] = {}
    for share in decision.shares:
        if share.basis_points:
            found[share.version] = found.get(share.version, 0) + share.basis_points
    return found


def wanted(test: SpecTest) -> dict[str, int]:
    """The shares that a test expects, without those of nothing."""
    return {version: share for version, share in test.expect.items() if share}


def _failure(releases: Sequence[Release], index: int, test: SpecTest, cookie: str) -> Failure | None:
    wrong = [each for each in judged(releases, test) if not check(each.table, test, each.hosts[0], cookie)]
    if not wrong:
        return None
    request = request_of(test.request, wrong[0].hosts[0], cookie)
    return Failure(
        index=index,
        request=request,
        expected=wanted(test),
        decision=decide(wrong[0].table, request),
        stages=tuple(release.stage for release in wrong),
        holds=tuple(each.stage for each in releases if check(each.table, test, each.hosts[0], cookie)),
    )


def _shown(shares: Mapping[str, int]) -> str:
    if len(shares) == 1:
        return next(iter(shares))
    return ", ".join(f"{version} {share / 100:g}%" for version, share in sorted(shares.items())) or "nothing"


def _reason(decision: Decision) -> str:
    return f"route {decision.route.name!r}, {decision.why}" if decision.route else decision.why
