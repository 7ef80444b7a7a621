"""Istio's Gateway, RequestAuthentication and ServiceEntry, as far as routes depend on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from graymesh.ir.claims import claim_name
from graymesh.ir.release import Scalar
from graymesh.kit.nodes import ObjectNode
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.istio.objects import as_written

_GATEWAY: Final = frozenset(["selector", "servers"])
_SERVER: Final = frozenset(["port", "hosts", "tls", "name", "bind"])
_PORT: Final = frozenset(["number", "name", "protocol", "targetPort"])
_HTTP: Final = frozenset(["HTTP", "HTTP2", "HTTPS", "GRPC", "GRPC-WEB"])
_THROUGH: Final = frozenset(["PASSTHROUGH", "AUTO_PASSTHROUGH"])
_AUTHENTICATION: Final = frozenset(["selector", "targetRef", "targetRefs", "jwtRules"])
_LOCATIONS: Final = frozenset(["fromHeaders", "fromCookies"])
_OUTPUTS: Final = frozenset(["outputClaimToHeaders", "outputPayloadToHeader", "forwardOriginalToken"])
_RULE: Final = _LOCATIONS | _OUTPUTS | {"issuer", "jwksUri", "timeout"}
_RULE_REFUSED: Final = {
    "audiences": "tokens for other audiences are refused",
    "jwks": "the keys stand in the file instead of an address",
    "fromParams": "tokens come from query parameters",
    "spaceDelimitedClaims": "claims are cut into lists",
}
_ENTRY: Final = frozenset(["hosts", "exportTo", "location", "resolution", "ports", "endpoints"])
_ENDPOINT: Final = frozenset(["address", "ports", "labels"])


@dataclass(frozen=True, slots=True)
class Gateway:
    """The hosts that a gateway's HTTP servers take, as (namespace or `*` or `.`, host or wildcard).

    `servers` are the same in words, with port and TLS, sorted; `pods` are the labels of the pods that serve them;
    `namespace` is the one that the file names.
    """

    hosts: tuple[tuple[str, str], ...]
    servers: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    namespace: str = ""

    def served(self, host: str, namespace: str, own_namespace: str) -> Iterator[str]:
        """What it takes of a VirtualService's host in that namespace: where both are wildcards, the narrower."""
        for where, pattern in self.hosts:
            if where not in ("*", namespace) and (where != "." or namespace != own_namespace):
                continue
            if _covers(pattern, host):
                yield host
            elif _covers(host, pattern):
                yield pattern


def _covers(wide: str, host: str) -> bool:
    """Is every name of the second one of the first? Either may be a wildcard."""
    return wide in ("*", host) or (wide.startswith("*.") and host.endswith(wide[1:]))


@dataclass(frozen=True, slots=True)
class Tokens:
    """Where one issuer's tokens are looked for, sorted, and the headers that tell claims: header → claim.

    `pods` of `namespace` with these labels verify them; `passed_on` tells whether applications see the token itself.
    """

    issuer: str
    jwks: str
    places: tuple[str, ...]
    namespace: str = ""
    pods: tuple[str, ...] = ()
    passed_on: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> dict[tuple[str, str], Scalar]:
        """The tokens' source as facts."""
        places = tuple(f"{self.issuer} in {place}" for place in self.places)
        said: dict[str, Scalar] = {"jwt.issuer": self.issuer, "jwt.jwks": self.jwks, "jwt.places": places}
        return {("", name): value for name, value in said.items() if value}


def gateway(spec: ObjectNode, namespace: str) -> Gateway:
    """The gateway; raises NotUnderstood for servers that do not speak HTTP."""
    spec.limited(_GATEWAY)
    servers = [(server, _server_hosts(server)) for server in spec.nodes("servers")]
    return Gateway(
        hosts=tuple(_host(host) for _, hosts in servers for host in hosts),
        servers=tuple(sorted(_server_in_words(server, hosts) for server, hosts in servers)),
        pods=tuple(sorted(f"{label}={value}" for label, value in spec.text_map("selector").items())),
        namespace=namespace,
    )


def _server_in_words(server: ObjectNode, hosts: Iterable[str]) -> str:
    """`443 HTTPS credentialName=shop mode=SIMPLE for shop.example.com`; names of servers and ports mean nothing."""
    port, tls = server.node("port"), server.node("tls")
    number = f"{port.whole('number')} {port.text('protocol').upper()}" if port else ""
    secured = [f"{name}={_word(value)}" for name, value in sorted(tls.data.items())] if tls else []
    bound = [f"bind={server.text('bind')}"] if "bind" in server else []
    return " ".join([number, *bound, *secured, "for", *sorted(hosts)])


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _server_hosts(server: ObjectNode) -> tuple[str, ...]:
    server.limited(_SERVER, {"defaultEndpoint": "sends to one endpoint past all routes"})
    port, tls = server.node("port"), server.node("tls")
    protocol = port.limited(_PORT).text("protocol").upper() if port else ""
    if protocol not in _HTTP:
        raise server.wrong("port", f"the protocol {protocol or 'is missing'}, routes of HTTP do not hold there")
    if port and not port.text("name"):
        raise server.wrong("port", "has no name, without which Istio refuses the Gateway")
    if tls is not None and tls.text("mode") in _THROUGH and not tls.flag("httpsRedirect"):
        raise server.wrong("tls", "passes TLS through, so that routes of HTTP do not hold")
    return as_written(server, "hosts")


def _host(written: str) -> tuple[str, str]:
    where, slash, host = written.rpartition("/")
    return (where, host) if slash else ("*", host)


def token_sources(spec: ObjectNode, namespace: str) -> Iterator[Tokens]:
    """One for each rule of a RequestAuthentication."""
    spec.limited(_AUTHENTICATION)
    selector = spec.node("selector")
    pods = selector.limited(frozenset(["matchLabels"])).text_map("matchLabels") if selector else {}
    labels = tuple(sorted(f"{label}={value}" for label, value in pods.items()))
    for rule in spec.nodes("jwtRules"):
        rule.limited(_RULE, _RULE_REFUSED)
        passed_on = "forwardOriginalToken" in rule and rule.flag("forwardOriginalToken")
        said = (rule.text("issuer"), rule.text("jwksUri"), tuple(sorted(_places(rule))))
        yield Tokens(*said, namespace, labels, passed_on, dict(_claim_headers(rule)))


def _places(rule: ObjectNode) -> Iterator[str]:
    """`cookie token`, `header authorization`; nothing when Istio's defaults hold, which are two places."""
    yield from (f"cookie {name}" for name in rule.texts("fromCookies"))
    for header in rule.nodes("fromHeaders"):
        header.limited(frozenset(["name", "prefix"]))
        name = header.text("name").lower()
        if header.text("prefix") != ("Bearer " if name == "authorization" else ""):
            raise header.wrong("prefix", "is not the usual one of this header")
        yield f"header {name}"


def _claim_headers(rule: ObjectNode) -> Iterator[tuple[str, str]]:
    for output in rule.nodes("outputClaimToHeaders"):
        output.limited(frozenset(["header", "claim"]))
        header, claim = output.text("header").lower(), output.text("claim")
        if not header or claim_name(tuple(claim.split("."))) is None:
            raise rule.wrong("outputClaimToHeaders", "names no header, or no claim")
        yield header, claim


@dataclass(frozen=True, slots=True)
class DecodedServiceEntry:
    """The endpoints of a ServiceEntry, as pod labels and `ip:port`, and what else it says about its hosts.

    `namespace` is the one that the file names; `export_to` None when the file leaves it to Istio.
    """

    endpoints: tuple[tuple[Mapping[str, str], str], ...]
    port: int
    location: str
    resolution: str
    namespace: str = ""
    export_to: tuple[str, ...] | None = None

    def selected(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """The addresses whose labels include these, sorted."""
        return tuple(sorted(address for own, address in self.endpoints if labels.items() <= own.items()))


def service_entry(spec: ObjectNode, namespace: str) -> DecodedServiceEntry:
    """The entry; raises NotUnderstood for several ports, other protocols than HTTP, or addresses that are looked up."""
    spec.limited(_ENTRY)
    resolution = spec.text("resolution")
    if resolution not in ("STATIC", "DNS"):
        raise spec.wrong("resolution", "the endpoints are not the ones in the file")
    ports = [port.limited(_PORT) for port in spec.nodes("ports")]
    if len(ports) != 1:
        raise spec.wrong("ports", "is not one port")
    protocol = ports[0].text("protocol").upper()
    if protocol not in _HTTP - {"HTTPS"}:
        raise ports[0].wrong("protocol", f"{protocol or 'is missing'}: routes of HTTP do not hold there")
    location = spec.text("location", "MESH_EXTERNAL")
    if location not in ("MESH_EXTERNAL", "MESH_INTERNAL"):
        raise spec.wrong("location", "is neither MESH_EXTERNAL nor MESH_INTERNAL")
    return DecodedServiceEntry(
        endpoints=tuple(_endpoint(endpoint.limited(_ENDPOINT), ports[0]) for endpoint in spec.nodes("endpoints")),
        port=ports[0].whole("number"),
        location=location,
        resolution=resolution,
        namespace=namespace,
        export_to=spec.texts("exportTo") if "exportTo" in spec else None,
    )


def _endpoint(endpoint: ObjectNode, port: ObjectNode) -> tuple[Mapping[str, str], str]:
    mapped = endpoint.node("ports")
    name = port.text("name")
    number = mapped.whole(name) if mapped and name in mapped else port.whole("targetPort") or port.whole("number")
    address = endpoint.text("address")
    if not address or not number:
        raise endpoint.wrong("address", "is missing, or has no port")
    return endpoint.text_map("labels"), f"[{address}]:{number}" if ":" in address else f"{address}:{number}"


def add_by_header(found: dict[str, tuple[str, str]], sources: Iterable[Tokens]) -> None:
    """Adds header → issuer and claim; raises NotUnderstood when two issuers fill the same header."""
    for tokens in sources:
        for header, claim in tokens.headers.items():
            if found.setdefault(header, (tokens.issuer, claim)) != (tokens.issuer, claim):
                raise NotUnderstood(header, "is filled from several claims")
