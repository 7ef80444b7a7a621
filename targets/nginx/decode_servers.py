"""Servers: what their locations amount to as a route table with facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from graymesh.ir.release import ALWAYS, Facts, Kind, Policy, Route, RouteTable, Scalar, Share, Split
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.nginx.allowed import harmless
from graymesh.targets.nginx.decode_answers import allowed, own_answer, status_of
from graymesh.targets.nginx.decode_cases import JointCases
from graymesh.targets.nginx.decode_cors import without_cors
from graymesh.targets.nginx.decode_definitions import Definitions
from graymesh.targets.nginx.decode_effects import (
    Counted,
    LocationEffects,
    LocationOutput,
    Zone,
    effects,
    lost,
    outputs,
    told_besides,
)
from graymesh.targets.nginx.decode_evaluate import Evaluator
from graymesh.targets.nginx.decode_levels import INHERITED, Levels, Settings
from graymesh.targets.nginx.decode_lists import both
from graymesh.targets.nginx.decode_locations import PASSES, Location, assigned, located, read_location, unique
from graymesh.targets.nginx.decode_policy import policy
from graymesh.targets.nginx.decode_routes import Row, routes
from graymesh.targets.nginx.decode_upstreams import Upstream, reached
from graymesh.targets.nginx.decode_values import Pieces, Room, joined, literal_of, pieces_of
from graymesh.targets.nginx.quoting import Variable
from graymesh.targets.nginx.syntax import ParsedDirective

_IN_SERVERS: Final = frozenset(["listen", "location", "server_name", "set"])
_IN_ANSWERING: Final = _IN_SERVERS | {"return", "ssl_reject_handshake"}
_IN_LOCATIONS: Final = frozenset([*PASSES, "set"])
_SCHEMES: Final = {"proxy_pass": "http://", "grpc_pass": "grpc://"}
_MOST_ROWS: Final = 50_000


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


def decide(server: ParsedDirective, http: Http) -> Decided:
    """The server as a route table, when nothing in it is foreign. Raises NotUnderstood."""
    locations = _all(server, "location")
    returned = _all(server, "return")
    if returned:
        return Decided(answering(status_of(returned[0])))
    room = Room()
    before, settings = assigned(_all(server, "set"), {}, http.definitions), _settings(server)
    rows: list[Row] = []
    evaluators: list[Evaluator] = []
    told: dict[tuple[str, str], Scalar] | None = None
    without: set[str] = set()
    if not locations:
        raise NotUnderstood("server", "it has no location, and answers from the disk", server)
    read = unique([read_location(each) for each in locations])
    for condition, location in located(read):
        if location.redirects or not location.passes_on:
            answer = own_answer(location, read, Levels((_settings(location.where), settings, http.settings)))
            rows.append(Row(condition, (), LocationEffects(answer, None, (), (), ()), Policy()))
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
    table = RouteTable(tuple(routes(rows, keys, http.definitions)))
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
                known = _known(each, _IN_LOCATIONS) or (passes_on and each.name == "if")
                if not known and (passes_on or not allowed(each)):
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
) -> tuple[list[Row], Evaluator, dict[tuple[str, str], Scalar]]:
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
) -> tuple[list[Row], Evaluator, dict[tuple[str, str], Scalar]]:
    """As those of `proxy_pass`; the two modules' directives mean the same, each for itself. Raises NotUnderstood."""
    try:
        rows, evaluator, besides = _passing_rows(location, passing, levels, before, http, room)
    except NotUnderstood as refused:
        field = refused.field.replace("proxy_", "grpc_", 1)
        raise NotUnderstood(field, refused.message, refused.where or passing) from refused
    return rows, evaluator, {**besides, ("", "protocol.grpc"): "spoken"}


def _passing_rows(
    location: Location, passing: ParsedDirective, levels: Levels, before: Mapping[str, Pieces], http: Http, room: Room
) -> tuple[list[Row], Evaluator, dict[tuple[str, str], Scalar]]:
    evaluator = Evaluator(http.definitions, assigned(_all(location.where, "set"), before, http.definitions), room)
    answered, given = without_cors(location.where, list(outputs(levels)), levels, evaluator)
    found = [LocationOutput("version", "", _passed(passing), passing), *_keyed(iter(given), http)]
    cases = JointCases(evaluator).of([_substituted(output, evaluator) for output in found])
    ruled = replace(policy(levels), cors=answered)
    rows = [Row(case.condition, case.draws, effects(found, case.values), ruled) for case in cases]
    _check_address(rows, evaluator, levels)
    looked_up = bool(levels.effective("resolver")) or literal_of(found[0].value) is not None
    versions = [reached(row.effects.version, http.upstreams, passing, looked_up) for row in rows]
    named = [
        row._replace(effects=row.effects._replace(version=version)) for row, version in zip(rows, versions, strict=True)
    ]
    return named, evaluator, told_besides(levels, http.definitions.known)


def _check_address(rows: Sequence[Row], evaluator: Evaluator, levels: Levels) -> None:
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


def _limits(rows: Sequence[Row], http: Http, where: ParsedDirective) -> dict[tuple[str, str], Scalar]:
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
