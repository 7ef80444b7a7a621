"""One VirtualService as the services that it decides: which hosts, where, and by which table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from graymesh.ir.release import ALWAYS, Conjunction, Facts, Kind, OneOf, Route, RouteTable, Test
from graymesh.kit.nodes import ObjectNode
from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.target import Statement
from graymesh.targets.istio.decode_draws import draws
from graymesh.targets.istio.decode_facts import in_words, place_facts, token_facts, version_facts
from graymesh.targets.istio.decode_match import ClaimHeaders, conjunction
from graymesh.targets.istio.decode_routes import route_of
from graymesh.targets.istio.decode_versions import Surroundings, Versions
from graymesh.targets.istio.names import MESH
from graymesh.targets.istio.objects import Object, gateway_name, hosts_of

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
        served = tuple(host for host in hosts if _serves(place, host, found, around))
        if served:
            decided.setdefault((served, table), ([], facts))[0].append(place)
    return [
        (_service(found, served, table, {**facts, **place_facts(found, places, around)}, places), tuple(places))
        for (served, table), (places, facts) in decided.items()
    ]


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


def _serves(place: str, host: str, found: Object, around: Surroundings) -> bool:
    """Does the gateway take the host? One that is not among the files is believed to."""
    if place not in around.gateways:
        return True
    gateway = around.gateways[place]
    if gateway is None:
        raise found.spec.wrong("gateways", f"{place} was not understood")
    return gateway.serves(host, found.namespace, place.partition("/")[0])


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
        for match in route.nodes("match"):
            tests = self._settled(conjunction(match, self._headers), match)
            if self._holds_here(match):
                yield tests

    def _holds_here(self, match: ObjectNode) -> bool:
        names = match.texts("gateways")
        return not names or self._place in {gateway_name(name, self._found.namespace) for name in names}

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
