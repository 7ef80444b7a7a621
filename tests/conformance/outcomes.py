"""What may become of a request by the reference, and whether an engine's answer is one of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from graymesh.ir.release import TICKET, UNIQUE_ID, WHOLE, Intervals, Route, RouteTable, SetCookie, Share
from graymesh.ir.semantics import Request, decide, inside, values_of
from graymesh.ir.tickets import bucket_of
from tests.conformance.engine import Answer

Pairs = tuple[tuple[str, str], ...]
NOBODY: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing that may happen, in `probability` of the cases: who answers, and what else is seen of it.

    `status` is the answer's own where nobody is asked. `cookie` names the one that is given, empty when none
    is: a ticket of one of these buckets, which the version is told as well, with these `attributes`, in lower case.
    Files of others may give everybody the same `value` instead.
    """

    version: str
    probability: float
    status: int = 200
    cookie: str = ""
    value: str = ""
    buckets: Intervals = ()
    attributes: frozenset[str] = frozenset()
    told: Pairs = ()
    received: Pairs = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """What may become of a request; `route` names the route that takes it, `key` is its identity where one decides."""

    route: str
    outcomes: tuple[Outcome, ...]
    key: str = ""


def expected(table: RouteTable, request: Request) -> Expected:
    """The outcomes that the reference allows."""
    route = decide(table, request).route
    if route is None:
        return Expected("none", (Outcome(version=NOBODY, probability=1.0, status=404),))
    return Expected(route.name, tuple(_outcomes(route)), _key(route, request))


def fitting(answer: Answer, allowed: Sequence[Outcome], versions: Mapping[str, str]) -> int | None:
    """The index of the outcome that the answer shows, None when it shows none of them."""
    return next((index for index, outcome in enumerate(allowed) if _shows(answer, outcome, versions)), None)


def in_words(answer: Answer, versions: Mapping[str, str]) -> str:
    """The answer for a message."""
    who = versions.get(answer.version or "", answer.version or "nobody")
    seen = {name[7:]: value for name, value in answer.headers.items() if name.startswith("x-seen-x-")}
    cookies = [cookie.partition(";")[0] for cookie in answer.set_cookies]
    return f"{who} ({answer.headers.get(':status')}) cookies {cookies} received {seen}"


def _outcomes(route: Route) -> list[Outcome]:
    fault = route.policy.fault
    aborted = fault.abort_basis_points / WHOLE if fault and fault.abort_status else 0.0
    merged: dict[Outcome, float] = {}
    for share in route.split.shares:
        if share.basis_points:
            outcome = _of(share)
            merged[outcome] = merged.get(outcome, 0.0) + share.basis_points / WHOLE * (1 - aborted)
    found = [replace(outcome, probability=part) for outcome, part in merged.items()]
    if fault and aborted:
        found.append(Outcome(version=NOBODY, probability=aborted, status=fault.abort_status))
    return found


def _of(share: Share) -> Outcome:
    cookie = share.set_cookie
    return Outcome(
        version=share.version,
        probability=0.0,
        cookie=cookie.name if cookie else "",
        value=cookie.value if cookie and cookie.value != TICKET else "",
        buckets=share.buckets if cookie else (),
        attributes=_attributes(cookie) if cookie else frozenset(),
        told=share.response_headers,
        received=share.request_headers,
    )


def _attributes(cookie: SetCookie) -> frozenset[str]:
    found = {f"path={cookie.path}", "httponly", f"samesite={cookie.same_site}"}
    found |= {f"max-age={cookie.max_age_seconds}"} if cookie.max_age_seconds is not None else set()
    found |= {f"domain={cookie.domain}"} if cookie.domain else set()
    return frozenset(each.lower() for each in (found | {"secure"} if cookie.secure else found))


def _key(route: Route, request: Request) -> str:
    return "\n".join(values_of(route.split.key, request)) if route.split.key else ""


def _shows(answer: Answer, outcome: Outcome, versions: Mapping[str, str]) -> bool:
    if outcome.version == NOBODY:
        return answer.version is None and answer.headers.get(":status") == str(outcome.status)
    return (
        versions.get(answer.version or "") == outcome.version
        and _right_ticket(answer, outcome)
        and all(answer.headers.get(name) == value for name, value in outcome.told)
        and all(_received(answer, name, value) for name, value in outcome.received)
    )


def _right_ticket(answer: Answer, outcome: Outcome) -> bool:
    """The one cookie, with the attributes that are asked for and no others; and passed on."""
    given = answer.set_cookies
    if not outcome.cookie:
        return not given
    if len(given) != 1:
        return False
    pair, *attributes = (part.strip() for part in given[0].split(";"))
    name, _, ticket = pair.partition("=")
    same = sorted(map(str.lower, attributes)) == sorted(outcome.attributes)
    if outcome.value:
        return (name, ticket) == (outcome.cookie, outcome.value) and same
    bucket = bucket_of(ticket)
    if name != outcome.cookie or bucket is None or not inside(bucket, outcome.buckets):
        return False
    received = answer.headers.get("x-seen-cookie", pair)  # long ones are not told
    return received.split("; ").count(pair) == 1 and same


def _received(answer: Answer, name: str, value: str) -> bool:
    found = answer.headers.get(f"x-seen-{name}", "")
    return found not in ("", "forged") if value == UNIQUE_ID else found == value
