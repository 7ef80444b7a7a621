"""One VirtualService as the services that it decides: which hosts, where, and by which table."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import Final, TypeAlias

from graymesh.ir.release import ALWAYS, Absent, Conjunction, Facts, Kind, OneOf, Route, RouteTable, Test
from graymesh.kit.nodes import ObjectNode
from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.target import Statement
from graymesh.targets.istio.decode_draws import draws
from graymesh.targets.istio.decode_facts import in_words, place_facts, token_facts, version_facts
from graymesh.targets.istio.decode_match import ClaimHeaders, conjunction, without_issuer
from graymesh.targets.istio.decode_ports import port_of
from graymesh.targets.istio.decode_routes import route_of
from graymesh.targets.istio.decode_versions import Surroundings, Versions
from graymesh.targets.istio.names import MESH
from graymesh.targets.istio.objects import Object, gateway_name, hosts_of

_Other: TypeAlias = tuple[str, Conjunction]
"""An issuer whose tokens a match leaves out, and what else the match asks for."""

_SPEC: Final = frozenset(["hosts", "gateways", "http", "exportTo"])
_SPEC_REFUSED: Final = {
    "tcp": "routes connections, not requests",
    "tls": "routes connections, not requests",
}


def services_of(found: Object, around: Surroundings) -> list[tuple[Statement, tuple[str, ...]]]:
    """The services and the places (`mesh`, `namespace/gateway`) where each is decided so.

    Places where the same hosts have the same table are one service.
    """
    found.spec.limited(_SPEC, _SPEC_REFUSED)
    hosts = hosts_of(found.spec, "hosts", found.namespace)
    if not hosts:
        raise found.spec.wrong("hosts", "is missing: only other VirtualServices delegate to this one")
    if not found.spec.items("http"):
        raise found.spec.wrong("http", "is missing")
    versions = Versions(found, hosts, around)
    decided: dict[tuple[tuple[str, ...], RouteTable], tuple[list[str], Facts]] = {}
    seen: dict[str, tuple[RouteTable, Facts]] = {}
    for place in _places(found):
        alike = _alike(found, place, around)
        if alike not in seen:
            seen[alike] = _Place(found, place, versions, around).decided()
        table, facts = seen[alike]
        if not table.routes:
            raise NotUnderstood(
                "http", f"no route holds at {in_words(place)}, where Istio then goes by its defaults", ("spec",)
            )
        _check_seen(found, place, versions, around)
        served = tuple(dict.fromkeys(each for host in hosts for each in _served(place, host, found, around)))
        if served:
            decided.setdefault((served, table), ([], facts))[0].append(place)
    ports = {place: port_of(found, place) for place in _places(found)}
    return [
        (
            _service(found, served, table, {**facts, **_of_places(found, served, places, ports, around)}, places),
            tuple(places),
        )
        for (served, table), (places, facts) in decided.items()
    ]


def claimed(found: Object, around: Surroundings) -> Iterator[tuple[str, str]]:
    """The hosts that it claims, each with a place, understood or not; nothing where even those cannot be read."""
    try:
        for place, host in product(_places(found), hosts_of(found.spec, "hosts", found.namespace)):
            yield from ((place, each) for each in _taken(place, host, found, around))
    except NotUnderstood:
        return


def _of_places(
    found: Object, hosts: tuple[str, ...], places: list[str], ports: Mapping[str, int], around: Surroundings
) -> Facts:
    in_the_mesh = {("", f"ports.{host}"): ports[MESH] for host in hosts if MESH in places and ports[MESH]}
    return {**place_facts(found, places, around), **in_the_mesh}


def _alike(found: Object, place: str, around: Surroundings) -> str:
    """Places of one word see the same routes: only claims and matches for some gateways tell places apart."""
    if any("gateways" in match for route in found.spec.nodes("http") for match in route.nodes("match")):
        return place
    return "mesh" if around.tokens and place == MESH else "gateways"


def _service(found: Object, hosts: tuple[str, ...], table: RouteTable, facts: Facts, places: list[str]) -> Statement:
    scope = ", ".join(map(in_words, places))
    return Statement(hosts[0], facts, table, hosts, scope=scope, file=found.file)


def _places(found: Object) -> list[str]:
    written = found.spec.texts("gateways") or (MESH,)
    return list(dict.fromkeys(gateway_name(name, found.namespace) for name in written))


def _served(place: str, host: str, found: Object, around: Surroundings) -> tuple[str, ...]:
    """What is served of the host at the place. Raises NotUnderstood when nobody knows what the gateway takes."""
    if place in around.gateways and around.gateways[place] is None:
        raise found.spec.wrong("gateways", f"{place} was not understood")
    return _taken(place, host, found, around)


def _taken(place: str, host: str, found: Object, around: Surroundings) -> tuple[str, ...]:
    """What the gateway takes of the host. One of which nothing is known is believed to take it."""
    gateway = around.gateways.get(place)
    return tuple(gateway.served(host, found.namespace, place.partition("/")[0])) if gateway else (host,)


def _check_seen(found: Object, place: str, versions: Versions, around: Surroundings) -> None:
    """Raises NotUnderstood when the gateway does not see the routes (404), or the subsets that they name (503)."""
    where = place.partition("/")[0]
    if place == MESH or where == found.namespace:
        return
    if "exportTo" in found.spec and _only_seen_at_home(found.spec.texts("exportTo"), found.namespace):
        raise found.spec.wrong("exportTo", f"only {found.namespace} sees these routes, and {in_words(place)} does not")
    for host in versions.hosts:
        rule = around.rules.get(host)
        if rule is not None and rule.subsets and _only_seen_at_home(rule.export_to, rule.namespace or found.namespace):
            message = f"{in_words(place)} does not see the DestinationRule of {host} (503), which is for its namespace"
            raise found.spec.wrong("gateways", message)


def _only_seen_at_home(export_to: tuple[str, ...] | None, namespace: str) -> bool:
    """Does `exportTo` show an object to its own namespace at most?"""
    return export_to is not None and set(export_to) <= {".", "~", namespace}


class _Place:
    """A VirtualService as one gateway or the mesh sees it."""

    def __init__(self, found: Object, place: str, versions: Versions, around: Surroundings) -> None:
        self._found, self._place, self._versions, self._around = found, place, versions, around
        self._headers = ClaimHeaders(around.claims, at_gateway=place != MESH)
        self._issuers: set[str] = set()

    def decided(self) -> tuple[RouteTable, Facts]:
        """The table, and the facts that hold for its versions."""
        table = RouteTable(tuple(draws(list(self._routes()))))
        facts = version_facts(self._versions, self._around)
        return table, facts | token_facts(table, self._issuers, self._around)

    def _routes(self) -> Iterator[Route]:
        """Routes after one that takes everything are never reached, but must be understood like all others."""
        reached = True
        for index, node in enumerate(self._found.spec.nodes("http")):
            condition = tuple(self._conditions(node))
            route = route_of(node, index, condition, self._versions)
            if condition and reached:
                yield route
            reached = reached and () not in condition

    def _conditions(self, route: ObjectNode) -> Iterator[Conjunction]:
        """One conjunction per match that holds at this place; a route without matches takes everything."""
        if not route.items("match"):
            yield from ALWAYS
        matches = [(match, *without_issuer(match, self._headers)) for match in route.nodes("match")]
        used: set[_Other] = set()
        others = {
            (issuer, conjunction(left, self._headers)): match
            for match, issuer, left in matches
            if issuer and self._holds_here(match)
        }
        for match, issuer, _ in matches:
            if issuer:
                continue
            tests = conjunction(match, self._headers)
            beside = self._beside(tests, others)
            if beside is None:
                tests = self._settled(tests, match)
            else:
                self._issuers.add(beside[0])
                used.add(beside)
            if self._holds_here(match):
                yield tests
        for match in (match for other, match in others.items() if other not in used):
            raise match.wrong("withoutHeaders", "leaves out an issuer; no match beside it says of which claims")

    def _holds_here(self, match: ObjectNode) -> bool:
        names = match.texts("gateways")
        return not names or self._place in {gateway_name(name, self._found.namespace) for name in names}

    def _beside(self, tests: Conjunction, others: Collection[_Other]) -> _Other | None:
        """The match beside this one that takes what is like it, but has no token of an issuer, if there is one.

        Where this one asks only that claims are absent, the two together say so of that issuer's claims.
        """
        claims = [test for test in tests if test.field.kind is Kind.CLAIM]
        if not claims or self._around.tokens_unclear or not all(isinstance(test.matcher, Absent) for test in claims):
            return None
        apart = tuple(test for test in tests if test.field.kind is not Kind.CLAIM)
        known = {tokens.issuer for tokens in self._around.tokens}
        return min(((issuer, alike) for issuer, alike in others if alike == apart and issuer in known), default=None)

    def _settled(self, tests: Conjunction, match: ObjectNode) -> Conjunction:
        """Which issuer's claims are asked for: said by the header in the mesh, by the claim `iss` at a gateway."""
        claims = [test for test in tests if test.field.kind is Kind.CLAIM]
        if not claims:
            return tests
        if self._around.tokens_unclear or not self._around.tokens:
            raise match.wrong("headers", "asks for claims, but no RequestAuthentication that is understood brings them")
        return self._of_one_issuer(tests, claims) if self._headers.at_gateway else self._of_headers(tests, match)

    def _of_headers(self, tests: Conjunction, match: ObjectNode) -> Conjunction:
        """In the mesh each header belongs to one issuer."""
        found = [match.node("headers"), match.node("withoutHeaders")]
        names = {name.lower() for node in found if node for name in node.data}
        self._issuers |= {issuer for header, (issuer, _) in self._around.claims.items() if header in names}
        return tests

    def _of_one_issuer(self, tests: Conjunction, claims: list[Test]) -> Conjunction:
        """At a gateway the claim `iss` beside others says whose they are; with a single issuer there is no question."""
        known = {tokens.issuer for tokens in self._around.tokens}
        for test in claims:
            said = test.field.name == "iss" and isinstance(test.matcher, OneOf) and test.matcher.values
            if said and len(claims) > 1 and known >= set(said):
                self._issuers |= set(said)
                return tuple(other for other in tests if other is not test)
        self._issuers |= known
        return tests
