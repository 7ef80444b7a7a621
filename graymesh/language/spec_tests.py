"""Runs the tests that a spec brings along: on its own decision, or on one that an engine's files amount to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graymesh.diagnostic import Pointer
from graymesh.ir.release import RouteTable
from graymesh.ir.semantics import Decision, Request, decide
from graymesh.ir.tickets import ticket_of

if TYPE_CHECKING:  # a rule imports this module, and its page is shown without any model
    from graymesh.language.expectations import SpecTest, TestRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A test whose request got something else; shares are basis points by version, as the decision names them."""

    index: int
    request: Request
    expected: Mapping[str, int]
    decision: Decision
    message: str

    @property
    def origin(self) -> Pointer:
        """Where the spec says what it expects."""
        return ("spec", "tests", self.index, "expect")


def check(
    table: RouteTable, tests: Sequence[SpecTest], *, host: str = "", cookie: str = "", label: Callable[[str], str] = str
) -> list[Failure]:
    """The tests that the table fails.

    `host` is that of requests which name none, `cookie` the one that carries tickets. `label` gives the table's name of
    a spec's version, for tables that were read back from an engine's files.
    """
    found = (_failure(table, index, test, host, cookie, label) for index, test in enumerate(tests))
    return [failure for failure in found if failure]


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


def _failure(
    table: RouteTable, index: int, test: SpecTest, host: str, cookie: str, label: Callable[[str], str]
) -> Failure | None:
    request = request_of(test.request, host, cookie)
    decision = decide(table, request)
    expected = {label(version): share for version, share in test.expect.items() if share}
    if shares_of(decision) == expected:
        return None
    message = f"expected {_shown(expected)}, got {_shown(shares_of(decision))}: {_reason(decision)}"
    return Failure(index=index, request=request, expected=expected, decision=decision, message=message)


def _shown(shares: Mapping[str, int]) -> str:
    if len(shares) == 1:
        return next(iter(shares))
    return ", ".join(f"{version} {share / 100:g}%" for version, share in sorted(shares.items())) or "nothing"


def _reason(decision: Decision) -> str:
    return f"route {decision.route.name!r}, {decision.why}" if decision.route else decision.why
