"""Real requests through an engine, each answer beside the reference's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, TypeVar

from graymesh.ir.release import Field, RouteTable
from graymesh.ir.semantics import Request
from graymesh.ir.witness import in_words
from graymesh.kit.target import HostTable
from graymesh.proof.equivalence import corpus
from graymesh.proof.request_space import with_values
from tests.conformance import outcomes
from tests.conformance.engine import Answer, Engine
from tests.conformance.outcomes import Expected, expected, fitting
from tests.conformance.variants import OUTSIDE, WAYS, Sent, bytes_of, fields_of, lines_of, neighbours

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is sent. Of a table's corpus, `most` requests go out as they are, from all over it.

    `fully`: so many requests of a table in every variant; of the others each `every`-th, in so many neighbours and
    ways, in turn. `users`: so many without a ticket meet each route that draws.
    """

    most: int
    fully: int
    every: int
    neighbours: int
    ways: int
    users: int


THOROUGH: Final = Effort(most=100_000, fully=8, every=1, neighbours=3, ways=2, users=150)
BRIEF: Final = Effort(most=120, fully=2, every=3, neighbours=1, ways=1, users=50)
_KEYS: Final = 40
_MOST_HOSTS: Final = 3
_NOT_ASKED: Final = {"nginx": ("CONNECT", "TRACE"), "istio": ("CONNECT",), "spring-cloud-gateway": ("CONNECT",)}
"""Methods that the engine answers itself or that need another form of request."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One host of one release at one stage; `versions`: address of an upstream → the version it plays."""

    subject: str
    stage: str
    host: str
    table: RouteTable
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Draw:
    """How often one outcome of a route was seen among its requests that chance decides."""

    asked: Asked
    route: str
    outcome: int
    count: int
    total: int
    probability: float


@dataclass(slots=True)
class Seen:
    """What came of the requests so far."""

    compared: Counter[str] = field(default_factory=Counter)
    by_release: Counter[tuple[str, str]] = field(default_factory=Counter)
    outside: int = 0
    disagreements: list[str] = field(default_factory=list)
    draws: list[Draw] = field(default_factory=list)


def try_out(engine: Engine, asked: Sequence[Asked], seen: Seen, effort: Effort = THOROUGH) -> None:
    """All requests for these hosts, in one go; then those that depend on the answers: users with their new ticket."""
    sent = [(each, one) for each in asked for one in _requests(engine, each, effort)]
    answers = engine.send_heads([(one.head, each.host) for each, one in sent])
    drawn: dict[tuple[int, str], Counter[int]] = {}
    given: list[tuple[Asked, Request, str]] = []
    known: dict[tuple[int, str, str], int] = {}
    for (each, one), answer in zip(sent, answers, strict=True):
        if not one.proven:
            _orderly(each, one, answer, seen)
            continue
        wanted = expected(each.table, one.request)
        found = _compared(each, one, wanted, answer, seen)
        if found is None or len(wanted.outcomes) < 2:
            continue
        if wanted.key:
            _kept(each, one, known.setdefault((id(each), wanted.route, wanted.key), found), found, seen)
            continue
        drawn.setdefault((id(each), wanted.route), Counter())[found] += 1
        if wanted.outcomes[found].cookie and len(given) < effort.users:
            given.append((each, one.request, answer.set_cookies[0].partition(";")[0]))
    _note_draws(asked, drawn, seen)
    _come_back(engine, given, seen)


def _requests(engine: Engine, asked: Asked, effort: Effort) -> Iterator[Sent]:
    fields = fields_of(asked.table)
    for number, plain in enumerate(_spread(list(corpus(asked.table)), effort.most)):
        base = replace(plain, host=asked.host)
        if base.method in _NOT_ASKED[engine.name]:
            continue
        head = engine.head(base, asked.host)
        yield Sent(base, asked.host, "plain", head)
        if number < effort.fully or number % effort.every == 0:
            turn = number if number < effort.fully else number // effort.every
            yield from _said_otherwise(base, asked.host, head, fields, turn, effort)
            yield from _near(engine, asked, base, head, fields, turn, effort)
    yield from _draws(engine, asked, effort.users)


def _spread(found: Sequence[T], most: int) -> Sequence[T]:
    """At most so many, as far apart as they can be."""
    count = min(len(found), most)
    return [found[number * len(found) // count] for number in range(count)]


def _near(
    engine: Engine, asked: Asked, base: Request, head: bytes, fields: Sequence[Field], number: int, effort: Effort
) -> Iterator[Sent]:
    chain = engine.chain(base.source)
    if chain:
        told = f"X-Forwarded-For: {base.source}".encode()
        yield Sent(base, asked.host, "forged chain", head.replace(told, f"X-Forwarded-For: {chain}".encode()))
    near = list(neighbours(base, asked.table, fields))
    for name, other in near if number < effort.fully else _in_turn(near, number, effort.neighbours):
        yield Sent(other, asked.host, name, engine.head(other, asked.host))


def _said_otherwise(
    base: Request, host: str, head: bytes, fields: Sequence[Field], number: int, effort: Effort
) -> Iterator[Sent]:
    lines = lines_of(head)
    for ways, proven, each in ((WAYS, True, effort.ways), (OUTSIDE, False, 1)):
        for name, way in list(ways.items()) if number < effort.fully else _in_turn(list(ways.items()), number, each):
            changed = way(lines, base, fields)
            if changed != lines:
                yield Sent(base, host, name, bytes_of(changed), proven)


def _in_turn(every: Sequence[T], number: int, count: int) -> Iterator[T]:
    return (every[(number * count + n) % len(every)] for n in range(min(count, len(every))))


def _draws(engine: Engine, asked: Asked, users: int) -> Iterator[Sent]:
    """For every route that draws: users without a ticket, and users with an identity, each of them twice."""
    reached: dict[str, Request] = {}
    for plain in corpus(asked.table):
        request = replace(plain, host=asked.host)
        wanted = expected(asked.table, request)
        if len(wanted.outcomes) > 1 and not wanted.key and request.method not in _NOT_ASKED[engine.name]:
            reached.setdefault(wanted.route, request)
    key = next((route.split.key for route in asked.table.routes if route.split.key), None)
    for request in reached.values():
        yield from [Sent(request, asked.host, "a user without a ticket", engine.head(request, asked.host))] * users
        for user in [with_values(request, key, (f"user-{number}",)) for number in range(_KEYS)] if key else ():
            yield from [Sent(user, asked.host, "a user with an identity", engine.head(user, asked.host))] * 2


def _compared(asked: Asked, one: Sent, wanted: Expected, answer: Answer, seen: Seen) -> int | None:
    seen.compared[one.variant] += 1
    seen.by_release[asked.subject, asked.stage] += 1
    found = fitting(answer, wanted.outcomes, asked.versions)
    if found is None:
        may = " or ".join(sorted({outcome.version or str(outcome.status) for outcome in wanted.outcomes}))
        _disagree(asked, one, f"route {wanted.route}: {may}, got {outcomes.in_words(answer, asked.versions)}", seen)
    return found


def _kept(asked: Asked, one: Sent, before: int, now: int, seen: Seen) -> None:
    if before != now:
        _disagree(asked, one, f"a user with this identity was drawn twice, outcomes {before} and {now}", seen)


def _orderly(asked: Asked, one: Sent, answer: Answer, seen: Seen) -> None:
    """Whoever answers, the engine itself with 4xx, or a fault of the spec's; anything else is no order."""
    seen.outside += 1
    status = int(answer.headers[":status"])
    faults = {route.policy.fault.abort_status for route in asked.table.routes if route.policy.fault}
    if not 200 <= status < 500 and status not in faults:
        _disagree(asked, one, f"no orderly answer: {outcomes.in_words(answer, asked.versions)}", seen)


def _disagree(asked: Asked, one: Sent, what: str, seen: Seen) -> None:
    request = in_words(replace(one.request, host=""))
    where = f"{asked.subject} at {asked.stage or 'its only stage'}, {asked.host}"
    seen.disagreements.append(f"{where}: {request} ({one.variant}): {what}; {one.head!r}")


def _note_draws(asked: Sequence[Asked], drawn: Mapping[tuple[int, str], Counter[int]], seen: Seen) -> None:
    by_id = {id(each): each for each in asked}
    for (which, route), counts in drawn.items():
        each = by_id[which]
        request = next(r for r in corpus(each.table) if expected(each.table, replace(r, host=each.host)).route == route)
        allowed = expected(each.table, replace(request, host=each.host)).outcomes
        for index, outcome in enumerate(allowed):
            seen.draws.append(Draw(each, route, index, counts[index], counts.total(), outcome.probability))


def _come_back(engine: Engine, given: Sequence[tuple[Asked, Request, str]], seen: Seen) -> None:
    """Users come back with the ticket that they were given: the same version, and no new ticket."""
    again = []
    for asked, request, cookie in given:
        name, _, value = cookie.partition("=")
        kept = tuple(pair for pair in request.cookies if pair[0] != name)
        request = replace(request, cookies=(*kept, (name, value)))
        again.append((asked, Sent(request, asked.host, "a user with a ticket", engine.head(request, asked.host))))
    answers = engine.send_heads([(one.head, asked.host) for asked, one in again])
    for (asked, one), answer in zip(again, answers, strict=True):
        _compared(asked, one, expected(asked.table, one.request), answer, seen)


def hosts_of(tables: Sequence[HostTable]) -> Iterator[tuple[str, RouteTable]]:
    """Some of the names of every table."""
    for each in tables:
        yield from ((host, each.table) for host in islice(each.hosts, _MOST_HOSTS))
