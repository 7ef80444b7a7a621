"""One VirtualService as the services that it decides: which hosts, where, and by which table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from graymesh.ir import ALWAYS, Conjunction, Facts, Kind, OneOf, Route, RouteTable, Scalar, Test
from graymesh.target import DecodedService
from graymesh.targets.istio.decode_edges import Entry, Gateway, Tokens
from graymesh.targets.istio.decode_match import ClaimHeaders, conjunction
from graymesh.targets.istio.decode_routes import route_of
from graymesh.targets.istio.decode_rules import DestinationRule
from graymesh.targets.istio.fields import FieldError, Node
from graymesh.targets.istio.objects import Object, fqdn, gateway_name

MESH: Final = "mesh"
_SPEC: Final = frozenset(["hosts", "gateways", "http", "exportTo"])
_SPEC_REFUSED: Final = {
    "tcp": "routes connections, not requests",
    "tls": "routes connections, not requests",
}
_DESTINATION: Final = frozenset(["host", "subset", "port"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the files say besides VirtualServices. None stands for an object that was not understood.

    `claims` maps headers to issuer and claim; `rule_hosts` holds the hosts of each file's DestinationRules.
    """

    rules: Mapping[str, DestinationRule | None]
    gateways: Mapping[str, Gateway | None]
    entries: Mapping[str, Entry]
    tokens: tuple[Tokens, ...]
    tokens_unclear: bool
    claims: Mapping[str, tuple[str, str]]
    rule_hosts: Mapping[str, set[str]]


def services_of(found: Object, around: Surroundings) -> list[tuple[DecodedService, tuple[str, ...]]]:
    """The services and the places (`mesh`, `namespace/gateway`) where each is decided so.

    Places where the same hosts have the same table are one service.
    """
    found.spec.limited(_SPEC, _SPEC_REFUSED)
    hosts = tuple(fqdn(host, found.namespace) for host in found.spec.texts("hosts"))
    if not hosts:
        raise found.spec.wrong("hosts", "is missing: only other VirtualServices delegate to this one")
    if not found.spec.items("http"):
        raise found.spec.wrong("http", "is missing")
    versions = _Versions(found, hosts, around)
    decided: dict[tuple[tuple[str, ...], RouteTable], tuple[list[str], Facts]] = {}
    seen: dict[str, tuple[RouteTable, Facts]] = {}
    for place in _places(found):
        alike = _alike(found, place, around)
        if alike not in seen:
            seen[alike] = _Place(found, place, versions, around).decided()
        table, facts = seen[alike]
        served = tuple(host for host in hosts if _serves(place, host, found, around))
        if served:
            decided.setdefault((served, table), ([], facts))[0].append(place)
    return [
        (_service(found, served, table, facts, places), tuple(places))
        for (served, table), (places, facts) in decided.items()
    ]


def _alike(found: Object, place: str, around: Surroundings) -> str:
    """Places of one word see the same routes: only claims and matches for some gateways tell places apart."""
    if any("gateways" in match for route in found.spec.nodes("http") for match in route.nodes("match")):
        return place
    return "mesh" if around.tokens and place == MESH else "gateways"


def _service(
    found: Object, hosts: tuple[str, ...], table: RouteTable, facts: Facts, places: list[str]
) -> DecodedService:
    scope = ", ".join(place if place == MESH else f"gateway {place}" for place in places)
    return DecodedService(hosts=hosts, table=table, facts=facts, scope=scope, file=found.file)


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


class _Versions:
    """Names for the destinations of one VirtualService.

    The subset alone, when it is one of the service's own: of the only one of the VirtualService's hosts that requests
    are sent to, else of the only DestinationRule in its file. Everything else carries its host and port.
    """

    def __init__(self, found: Object, hosts: tuple[str, ...], around: Surroundings) -> None:
        self._namespace, self._rules = found.namespace, around.rules
        self.hosts: dict[str, set[int]] = {}
        for route in found.spec.nodes("http"):
            for target in _destinations(route):
                host = fqdn(target.text("host"), self._namespace)
                self.hosts.setdefault(host, set()).add(_port(target))
        own = [host for host in hosts if host in self.hosts]
        near = [host for host in around.rule_hosts.get(found.file, ()) if host in self.hosts]
        candidates = own or (near if len(self.hosts) == 1 else [])
        self.home = candidates[0] if len(set(candidates)) == 1 else ""

    def __call__(self, target: Node) -> str:
        """The version's name; raises FieldError when no DestinationRule has the subset."""
        target.limited(_DESTINATION)
        host, subset = fqdn(target.text("host"), self._namespace), target.text("subset")
        if not host or "*" in host:
            raise target.wrong("host", "is missing or a wildcard")
        if len(self.hosts[host]) > 1:
            raise target.wrong("port", f"requests go to several ports of {host}")
        if subset:
            self._check(target, host, subset)
        return self.label(host, subset)

    def label(self, host: str, subset: str) -> str:
        """The name of the version that a subset (empty: all of the host) is."""
        if host == self.home and subset:
            return subset
        (port,) = self.hosts[host]
        return f"{host}:{port}/{subset}".replace(":0/", "/").rstrip("/")

    def _check(self, target: Node, host: str, subset: str) -> None:
        rule = self._rules.get(host)
        if rule is None:
            reason = "was not understood" if host in self._rules else "is not among the files"
            raise target.wrong("subset", f"the DestinationRule of {host} {reason}, so {subset} may not exist (503)")
        if subset not in rule.subsets:
            raise target.wrong("subset", f"the DestinationRule of {host} has no subset {subset}: Istio answers 503")


def _destinations(route: Node) -> Iterator[Node]:
    """Every destination that the route names, mirrors included; wrong ones are found when the route is read."""
    parents = [*route.nodes("route"), *route.nodes("mirrors")]
    found = [route.node("mirror"), *(parent.node("destination") for parent in parents)]
    return (target for target in found if target is not None)


def _port(target: Node) -> int:
    """The number, 0 when the service's only port is meant."""
    port = target.node("port")
    return port.limited(frozenset(["number"])).whole("number") if port else 0


class _Place:
    """A VirtualService as one gateway or the mesh sees it."""

    def __init__(self, found: Object, place: str, versions: _Versions, around: Surroundings) -> None:
        self._found, self._place, self._versions, self._around = found, place, versions, around
        self._headers = ClaimHeaders(around.claims, at_gateway=place != MESH)
        self._issuers: set[str] = set()

    def decided(self) -> tuple[RouteTable, Facts]:
        """The table, and the facts that hold for its versions."""
        table = RouteTable(tuple(self._routes()))
        return table, {**self._rule_facts(), **self._token_facts(table)}

    def _routes(self) -> Iterator[Route]:
        """Routes after one that takes everything are never reached, but must be understood like all others."""
        reached = True
        for index, node in enumerate(self._found.spec.nodes("http")):
            condition = tuple(self._conditions(node))
            route = route_of(node, index, condition, self._versions)
            if condition and reached:
                yield route
            reached = reached and () not in condition

    def _conditions(self, route: Node) -> Iterator[Conjunction]:
        """One conjunction per match that holds at this place; a route without matches takes everything."""
        if not route.items("match"):
            yield from ALWAYS
        for match in route.nodes("match"):
            tests = self._settled(conjunction(match, self._headers), match)
            if self._holds_here(match):
                yield tests

    def _holds_here(self, match: Node) -> bool:
        names = match.texts("gateways")
        return not names or self._place in {gateway_name(name, self._found.namespace) for name in names}

    def _settled(self, tests: Conjunction, match: Node) -> Conjunction:
        """Which issuer's claims are asked for: said by the header in the mesh, by the claim `iss` at a gateway."""
        claims = [test for test in tests if test.field.kind is Kind.CLAIM]
        if not claims:
            return tests
        if self._around.tokens_unclear or not self._around.tokens:
            raise match.wrong("headers", "asks for claims, but no RequestAuthentication that is understood brings them")
        return self._of_one_issuer(tests, claims) if self._headers.at_gateway else self._of_headers(tests, match)

    def _of_headers(self, tests: Conjunction, match: Node) -> Conjunction:
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

    def _rule_facts(self) -> dict[tuple[str, str], Scalar]:
        """Labels and endpoints of each subset; what a rule says of all versions must be the same for all hosts."""
        facts: dict[tuple[str, str], Scalar] = {}
        rules = [self._rule(host) for host in self._versions.hosts if host in self._around.rules]
        if any(rule.policy != rules[0].policy for rule in rules):
            raise FieldError("trafficPolicy", "the hosts behind this VirtualService have different ones", ("spec",))
        for rule in rules:
            entry = self._around.entries.get(rule.host)
            for subset, labels in rule.subsets.items():
                version = self._versions.label(rule.host, subset)
                facts |= {(version, f"labels.{name}"): value for name, value in labels.items()}
                if entry is not None:
                    facts[version, "endpoints"] = entry.selected(labels)
            facts |= {("", name): value for name, value in rule.policy.items()}
        return facts

    def _rule(self, host: str) -> DestinationRule:
        rule = self._around.rules[host]
        if rule is None:
            raise FieldError("host", f"the DestinationRule of {host} was not understood", ("spec",))
        return rule

    def _token_facts(self, table: RouteTable) -> dict[tuple[str, str], str]:
        """Where the claims that routes ask for come from."""
        asked = any(
            test.field.kind is Kind.CLAIM for route in table.routes for tests in route.condition for test in tests
        )
        if not asked:
            return {}
        sources = [tokens for tokens in self._around.tokens if tokens.issuer in self._issuers]
        if len({tuple(tokens.facts.items()) for tokens in sources}) != 1:
            raise FieldError("jwtRules", "it is not clear which issuer's claims the routes ask for", ("spec",))
        return sources[0].facts
