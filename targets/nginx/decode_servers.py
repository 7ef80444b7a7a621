"""Servers: what their locations amount to as a route table with facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from graymesh.ir.buckets import ALL
from graymesh.ir.cohorts import basis_points, size
from graymesh.ir.release import (
    ALWAYS,
    BUCKET_COUNT,
    TICKET,
    Condition,
    Facts,
    Field,
    Intervals,
    Kind,
    Policy,
    Route,
    RouteTable,
    Scalar,
    Share,
    Split,
)
from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.tickets import handed_out
from graymesh.targets.nginx.allowed import UPSTREAM, harmless
from graymesh.targets.nginx.decode_answers import allowed, own_answer, status_of
from graymesh.targets.nginx.decode_draws import BY_ID
from graymesh.targets.nginx.decode_effects import (
    INHERITED,
    Counted,
    Levels,
    LocationEffects,
    LocationOutput,
    Settings,
    Zone,
    effects,
    lost,
    milliseconds,
    outputs,
    policy,
    told_besides,
)
from graymesh.targets.nginx.decode_evaluate import Definitions, Evaluator
from graymesh.targets.nginx.decode_lists import Draws, both
from graymesh.targets.nginx.decode_locations import PASSES, Location, assigned, located, read_location, unique
from graymesh.targets.nginx.decode_maps import SplitDefinition
from graymesh.targets.nginx.decode_values import Pieces, Room, joined, literal_of, pieces_of
from graymesh.targets.nginx.quoting import Variable
from graymesh.targets.nginx.syntax import ParsedDirective

_BACKEND: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_ADDRESS: Final = re.compile(r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_IN_SERVERS: Final = frozenset(["listen", "location", "server_name", "set"])
_IN_ANSWERING: Final = _IN_SERVERS | {"return", "ssl_reject_handshake"}
_IN_LOCATIONS: Final = frozenset([*PASSES, "set"])
_SCHEMES: Final = {"proxy_pass": "http://", "grpc_pass": "grpc://"}
_MOST_ROWS: Final = 50_000
_ERRORS: Final = ("", "outlier.errors")
_EJECT: Final = ("", "outlier.eject.ms")


class Upstream(NamedTuple):
    """A group of servers: their addresses, and what they are told about failures."""

    name: str
    endpoints: tuple[str, ...]
    facts: Facts
    where: ParsedDirective
    understood: bool = True


@dataclass
class Http:
    """The `http` block: what its servers share. `zones` and `upstreams` by name, upstreams' in lower case."""

    definitions: Definitions
    settings: Settings
    upstreams: Mapping[str, Upstream]
    zones: Mapping[str, Zone]
    counted: dict[tuple[str, str], str] = field(default_factory=dict)


class Decided(NamedTuple):
    """What a server amounts to, with the facts that it states itself."""

    table: RouteTable
    versions: tuple[str, ...] = ()
    facts: Facts = {}  # noqa: RUF012  never changed


class _Row(NamedTuple):
    """One case of a location."""

    condition: Condition
    draws: Draws
    effects: LocationEffects
    policy: Policy


def read_upstream(directive: ParsedDirective) -> Upstream:
    """An upstream as it stands in the file. Raises NotUnderstood."""
    endpoints: list[str] = []
    told: set[tuple[tuple[tuple[str, str], int], ...]] = set()
    for line in directive.body or ():
        if line.name == "server":
            endpoints.append(_endpoint(line))
            told.add(tuple(_parameters(line)))
        elif line.name not in UPSTREAM or not _kept(line):
            raise NotUnderstood(line.name, f"in the upstream {' '.join(directive.arguments)}", line)
    if len(told) != 1 or len(directive.arguments) != 1:
        raise NotUnderstood("upstream", "its servers are told different things, or there are none", directive)
    facts = _failures(dict(told.pop()), len(endpoints))
    return Upstream(directive.arguments[0], tuple(sorted(endpoints)), facts, directive)


def _failures(told: Facts, servers: int) -> Facts:
    """What the parameters of its servers make an upstream do: 0 is never; nothing said is once, for 10 s."""
    if told.get(_ERRORS) == 0:
        return {}
    return told or ({_ERRORS: 1, _EJECT: 10_000} if servers > 1 else {})


def _kept(line: ParsedDirective) -> bool:
    """Is it another directive than `keepalive`, or a number of connections that nginx takes?"""
    return line.name != "keepalive" or re.fullmatch("0*[1-9][0-9]*", " ".join(line.arguments)) is not None


def decide(server: ParsedDirective, http: Http) -> Decided:
    """The server as a route table, when nothing in it is foreign. Raises NotUnderstood."""
    locations = _all(server, "location")
    returned = _all(server, "return")
    if returned:
        return Decided(answering(status_of(returned[0])))
    room = Room()
    before, settings = assigned(_all(server, "set"), {}, http.definitions), _settings(server)
    rows: list[_Row] = []
    evaluators: list[Evaluator] = []
    told: dict[tuple[str, str], Scalar] | None = None
    without: set[str] = set()
    if not locations:
        raise NotUnderstood("server", "it has no location, and answers from the disk", server)
    read = unique([read_location(each) for each in locations])
    for condition, location in located(read):
        if location.redirects or not location.passes_on:
            answer = own_answer(location, read, Levels((_settings(location.where), settings, http.settings)))
            rows.append(_Row(condition, (), LocationEffects(answer, None, (), (), ()), Policy()))
            continue
        found, evaluator, besides = _location_rows(location, settings, before, http, room)
        if told not in (None, besides):
            differing = min(key[1] for key, _ in (told or {}).items() ^ besides.items())
            raise NotUnderstood(
                "location", f"{location.path} says something else about {differing} than others", location.where
            )
        told = besides
        without.update(lost(_levels(location, settings, http)))
        evaluators.append(evaluator)
        rows += [row._replace(condition=both(condition, row.condition)) for row in found]
        if len(rows) > _MOST_ROWS:
            raise NotUnderstood("server", f"more than {_MOST_ROWS:,} cases in all its locations", server)
    facts: dict[tuple[str, str], Scalar] = dict(told or {})
    if without:
        facts["", "headers.lost"] = tuple(sorted(without))
    trusted = {networks for evaluator in evaluators for networks in evaluator.trusted}
    if len(trusted) > 1:
        raise NotUnderstood("geo", "proxies that one map trusts another does not", server)
    if trusted:
        facts["", "trustedProxies"] = trusted.pop()
    tokens = {evaluator.token for evaluator in evaluators if evaluator.token}
    if tokens:
        facts["", "jwt.from"] = tokens.pop()
        facts |= _verifying(evaluators, server)
    keys = {name: key for evaluator in evaluators for name, key in evaluator.keys.items()}
    table = RouteTable(tuple(_routes(rows, keys, http.definitions)))
    versions = tuple(dict.fromkeys(share.version for route in table.routes for share in route.split.shares))
    return Decided(table, versions, facts | _limits(rows, http, server))


def _verifying(evaluators: Iterable[Evaluator], server: ParsedDirective) -> Facts:
    """By which keys, and whose, tokens are verified; nothing where nobody verifies them. Raises NotUnderstood."""
    ways = {way for evaluator in evaluators for way in evaluator.verified}
    if len(ways) > 1:
        raise NotUnderstood("js_var", "claims are read from verified tokens, and from others", server)
    way = ways.pop() if ways else None
    return {("", "jwt.keys"): way[0], ("", "jwt.issuer"): way[1]} if way else {}


def answering(answer: str) -> RouteTable:
    """A table that gives this answer to every request."""
    split = Split((Share(version=answer, basis_points=10_000),))
    return RouteTable((Route(name="route-1", condition=ALWAYS, split=split),))


NOT_FOUND: Final = answering("answer 404")


def foreign(server: ParsedDirective) -> Iterator[NotUnderstood]:
    """Everything in a server that nothing here understands, in the order of the file."""
    answered = not _all(server, "location") and bool(_all(server, "return"))
    for directive in server.body or ():
        if directive.name == "location":
            passes_on = bool(_passes(directive))
            for each in directive.body or ():
                if not _known(each, _IN_LOCATIONS) and (passes_on or not allowed(each)):
                    yield _unknown(each, directive)
        elif not _known(directive, _IN_ANSWERING if answered else _IN_SERVERS):
            yield _unknown(directive, server)


def _known(directive: ParsedDirective, own: frozenset[str]) -> bool:
    return directive.name in own or directive.name in INHERITED or harmless(directive)


def _unknown(directive: ParsedDirective, block: ParsedDirective) -> NotUnderstood:
    return NotUnderstood(directive.name, f"not understood in a {block.name}", directive)


def _settings(block: ParsedDirective) -> Settings:
    found: dict[str, list[ParsedDirective]] = {}
    for directive in block.body or ():
        if directive.name in INHERITED:
            found.setdefault(directive.name, []).append(directive)
    return found


def _all(block: ParsedDirective, name: str) -> list[ParsedDirective]:
    return [directive for directive in block.body or () if directive.name == name]


def _location_rows(
    location: Location, settings: Settings, before: Mapping[str, Pieces], http: Http, room: Room
) -> tuple[list[_Row], Evaluator, dict[tuple[str, str], Scalar]]:
    passes = _passes(location.where)
    if len(passes) != 1:
        raise NotUnderstood("location", f"{location.path} passes requests on twice", location.where)
    levels = _levels(location, settings, http)
    if passes[0].name == "grpc_pass":
        return _grpc_rows(location, passes[0], levels, before, http, room)
    return _passing_rows(location, passes[0], levels, before, http, room)


def _levels(location: Location, settings: Settings, http: Http) -> Levels:
    levels = Levels((_settings(location.where), settings, http.settings))
    return levels.of_grpc() if _all(location.where, "grpc_pass") else levels


def _passes(location: ParsedDirective) -> list[ParsedDirective]:
    return [each for name in PASSES for each in _all(location, name)]


def _grpc_rows(
    location: Location, passing: ParsedDirective, levels: Levels, before: Mapping[str, Pieces], http: Http, room: Room
) -> tuple[list[_Row], Evaluator, dict[tuple[str, str], Scalar]]:
    """As those of `proxy_pass`; the two modules' directives mean the same, each for itself. Raises NotUnderstood."""
    try:
        rows, evaluator, besides = _passing_rows(location, passing, levels, before, http, room)
    except NotUnderstood as refused:
        field = refused.field.replace("proxy_", "grpc_", 1)
        raise NotUnderstood(field, refused.message, refused.where or passing) from refused
    return rows, evaluator, {**besides, ("", "protocol.grpc"): "spoken"}


def _passing_rows(
    location: Location, passing: ParsedDirective, levels: Levels, before: Mapping[str, Pieces], http: Http, room: Room
) -> tuple[list[_Row], Evaluator, dict[tuple[str, str], Scalar]]:
    evaluator = Evaluator(http.definitions, assigned(_all(location.where, "set"), before, http.definitions), room)
    found = [LocationOutput("version", "", _passed(passing), passing), *_keyed(outputs(levels), http)]
    cases = evaluator.cases([_substituted(output, evaluator) for output in found])
    ruled = policy(levels)
    rows = [_Row(case.condition, case.draws, effects(found, case.values), ruled) for case in cases]
    _check_address(rows, evaluator, levels)
    looked_up = bool(levels.effective("resolver")) or literal_of(found[0].value) is not None
    named = [row._replace(effects=_named(row.effects, passing, http, looked_up)) for row in rows]
    return named, evaluator, told_besides(levels, http.definitions.known)


def _check_address(rows: Sequence[_Row], evaluator: Evaluator, levels: Levels) -> None:
    """With `set_real_ip_from` the address that maps see is one that a header tells."""
    trusting = levels.effective("set_real_ip_from")
    tests = (test for row in rows for tests in row.condition for test in tests)
    fields = {*(test.field for test in tests), *evaluator.keys.values()}
    if trusting and any(field and field.kind is Kind.SOURCE for field in fields):
        proxies = " ".join(trusting[0].arguments)
        message = f"the client's address, by which versions are chosen, is what a header from {proxies} says"
        raise NotUnderstood("set_real_ip_from", message, trusting[0])


def _substituted(output: LocationOutput, evaluator: Evaluator) -> Pieces:
    try:
        return evaluator.substituted(output.value)
    except NotUnderstood as refused:
        raise NotUnderstood(refused.field, refused.message, refused.where or output.where) from refused


def _keyed(found: Iterator[LocationOutput], http: Http) -> Iterator[LocationOutput]:
    for output in found:
        if output.role != "limit":
            yield output
        elif output.name in http.zones:
            yield output._replace(value=http.zones[output.name].key)
        else:
            raise NotUnderstood("limit_req", f"no limit_req_zone {output.name!r} that is understood", output.where)


def _passed(directive: ParsedDirective) -> Pieces:
    """Where requests are passed on, without the scheme. Raises NotUnderstood when the path is changed on the way."""
    pieces, scheme = (
        pieces_of(directive.arguments[0]) if len(directive.arguments) == 1 else (),
        _SCHEMES[directive.name],
    )
    if not pieces or not isinstance(pieces[0], str) or not pieces[0].startswith(scheme):
        raise NotUnderstood("proxy_pass", f"only {scheme} is understood", directive)
    rest = joined((pieces[0][7:], *pieces[1:]))
    if rest and rest[-1] == Variable("request_uri"):
        rest = rest[:-1]
    if any(isinstance(piece, str) and "/" in piece for piece in rest):
        raise NotUnderstood("proxy_pass", "a path at its end changes the request's path", directive)
    return rest


def _named(found: LocationEffects, where: ParsedDirective, http: Http, looked_up: bool) -> LocationEffects:
    upstream = http.upstreams.get(found.version.lower())
    if upstream and not upstream.understood:
        raise NotUnderstood("proxy_pass", f"the upstream {upstream.name} is not understood", where)
    if upstream is None and not _BACKEND.fullmatch(found.version):
        raise NotUnderstood("proxy_pass", f"requests go to {found.version!r}", where)
    if upstream is None and not looked_up and not _ADDRESS.fullmatch(found.version):
        message = f"{found.version} is no upstream: without a resolver nginx answers 502 to requests for it"
        raise NotUnderstood("proxy_pass", message, where)
    return found._replace(version=upstream.name) if upstream else found


def _routes(rows: Sequence[_Row], keys: Mapping[str, Field | None], definitions: Definitions) -> Iterator[Route]:
    index = number = 0
    while index < len(rows):
        row = rows[index]
        if row.draws and not isinstance(row.draws[0][1], int):
            group = _of_one_draw(rows[index:])
            number += 1
            split = Split(tuple(map(_bucket_share, group)), keys.get(row.draws[0][0]))
            yield Route(name=f"route-{number}", condition=row.condition, split=split, policy=row.policy)
            index += len(group)
            continue
        parts = _parts(row, definitions)
        group = rows[index : index + max(len(parts), 1)]
        number += 1
        if parts and not _complete(group, row, len(parts)):
            raise NotUnderstood("split_clients", "what is drawn is not told apart last", None)
        yield Route(
            name=f"route-{number}",
            condition=row.condition,
            split=_split(group, parts, keys),
            policy=row.policy,
        )
        index += len(group)


def _of_one_draw(rows: Sequence[_Row]) -> Sequence[_Row]:
    """The first rows, which between them take all buckets of one draw. Raises NotUnderstood."""
    first, taken = rows[0], list[Intervals]()
    for count, row in enumerate(rows, 1):
        if [name for name, _ in row.draws] != [first.draws[0][0]]:
            break
        if (row.condition, row.policy) != (first.condition, first.policy):
            break
        taken.append(_buckets(row))
        if sum(map(size, taken)) == BUCKET_COUNT:
            return rows[:count]
    raise NotUnderstood("map", "what is drawn is not told apart last", None)


def _buckets(row: _Row) -> Intervals:
    found = row.draws[0][1]
    return () if isinstance(found, int) else found


def _bucket_share(row: _Row) -> Share:
    """A share of the buckets. A ticket that is handed out has them only where it is itself what is drawn."""
    buckets = _buckets(row)
    found = _share(row.effects, basis_points(buckets))
    itself = row.draws[0][0] == BY_ID and found.buckets == ALL
    if found.set_cookie and found.set_cookie.value == TICKET and not itself:
        raise NotUnderstood("add_header", "the ticket has nothing to do with the version that was drawn", None)
    return replace(found, buckets=buckets)


def _parts(row: _Row, definitions: Definitions) -> tuple[int, ...]:
    """The basis points of the draw that a row depends on, none when it depends on none.

    Raises NotUnderstood for several.
    """
    if not row.draws:
        return ()
    definition = definitions.known[row.draws[0][0]]
    if len(row.draws) > 1 or not isinstance(definition, SplitDefinition):
        raise NotUnderstood("split_clients", "several draws for one request", None)
    return tuple(points for points, _ in definition.parts)


def _complete(group: Sequence[_Row], first: _Row, count: int) -> bool:
    expected = [((first.draws[0][0], part),) for part in range(count)]
    return [row.draws for row in group] == expected and all(
        (row.condition, row.policy) == (first.condition, first.policy) for row in group
    )


def _split(group: Sequence[_Row], parts: Sequence[int], keys: Mapping[str, Field | None]) -> Split:
    if not parts:
        return Split((_share(group[0].effects, 10_000),))
    shares = tuple(_share(row.effects, points) for row, points in zip(group, parts, strict=True))
    key = keys.get(group[0].draws[0][0])
    return Split(shares, key)


def _share(found: LocationEffects, points: int) -> Share:
    cookie, buckets = handed_out(found.set_cookie)
    return Share(
        version=found.version,
        basis_points=points,
        buckets=buckets,
        set_cookie=cookie,
        request_headers=found.request_headers,
        response_headers=found.response_headers,
    )


def _limits(rows: Sequence[_Row], http: Http, where: ParsedDirective) -> dict[tuple[str, str], Scalar]:
    """The limits of each version.

    Raises NotUnderstood when something else than the requests of a version is counted.
    """
    found: dict[str, tuple[Counted, ...]] = {}
    facts: dict[tuple[str, str], Scalar] = {}
    for row in rows:
        version, limits = row.effects.version, row.effects.limits
        if found.setdefault(version, limits) != limits or len(limits) > 1:
            raise NotUnderstood("limit_req", f"the requests of {version} are counted in several ways", where)
        for zone, key, burst in limits:
            if http.counted.setdefault((zone, key), version) != version:
                raise NotUnderstood("limit_req", f"{version} is counted together with {http.counted[zone, key]}", where)
            facts[version, "limits.qps"] = http.zones[zone].rate
            facts[version, "limits.burst"] = burst
    return facts


def _endpoint(line: ParsedDirective) -> str:
    address = line.arguments[0] if line.arguments else ""
    if not _BACKEND.fullmatch(address):
        raise NotUnderstood("server", f"{address!r} is not understood", line)
    return address if re.search(r":[0-9]+$", address) and not address.endswith("]") else f"{address}:80"


def _parameters(line: ParsedDirective) -> Iterator[tuple[tuple[str, str], int]]:
    for argument in line.arguments[1:]:
        name, _, value = argument.partition("=")
        if name == "max_fails" and value.isdigit():
            yield _ERRORS, int(value)
        elif name == "fail_timeout" and value:
            yield _EJECT, milliseconds(value, line)
        elif argument != "weight=1":
            raise NotUnderstood("server", f"{argument} is not understood", line)
