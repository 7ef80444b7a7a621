"""What a VirtualService refers to: the objects around it, and names for the versions that it sends requests to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from graymesh.kit.nodes import ObjectNode
from graymesh.targets.istio.decode_edges import DecodedServiceEntry, Gateway, Tokens
from graymesh.targets.istio.decode_rules import DestinationRule
from graymesh.targets.istio.objects import Object, host_of

_DESTINATION: Final = frozenset(["host", "subset", "port"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the files say besides VirtualServices. None stands for an object that was not understood.

    `claims` maps headers to issuer and claim; `rule_hosts` holds the hosts of each file's DestinationRules, and
    `rule_names` the host of each by its namespace and name.
    """

    rules: Mapping[str, DestinationRule | None]
    gateways: Mapping[str, Gateway | None]
    entries: Mapping[str, DecodedServiceEntry | None]
    tokens: tuple[Tokens, ...]
    tokens_unclear: bool
    claims: Mapping[str, tuple[str, str]]
    rule_hosts: Mapping[str, set[str]]
    rule_names: Mapping[tuple[str, str], str]


class Versions:
    """Names for the destinations of one VirtualService.

    The subset alone, when it is one of the service's own: of the only one of the VirtualService's hosts that requests
    are sent to, else of a DestinationRule that stands in its file or has its name. Everything else carries its host and
    port.
    """

    def __init__(self, found: Object, hosts: tuple[str, ...], around: Surroundings) -> None:
        self._namespace, self._rules = found.namespace, around.rules
        self.hosts: dict[str, set[int]] = {}
        for route in found.spec.nodes("http"):
            for target in _destinations(route):
                host = host_of(target, "host", self._namespace)
                self.hosts.setdefault(host, set()).add(_port(target))
        own = [host for host in hosts if host in self.hosts]
        namesake = around.rule_names.get((found.namespace, found.name), "")
        near = [host for host in self.hosts if host in {namesake, *around.rule_hosts.get(found.file, ())}]
        candidates = own or (near if len(self.hosts) == 1 else [])
        self.home = candidates[0] if len(set(candidates)) == 1 else ""

    @property
    def main(self) -> str:
        """The service that the VirtualService is about: its home, or the only one it sends to; "" for none."""
        return self.home or (next(iter(self.hosts)) if len(self.hosts) == 1 else "")

    @property
    def port(self) -> int:
        """The port of its home, 0 when none is written; elsewhere ports are a part of the versions' names."""
        ports = self.hosts.get(self.home, set())
        return next(iter(ports)) if len(ports) == 1 else 0

    def __call__(self, target: ObjectNode) -> str:
        """The version's name; raises NotUnderstood when no DestinationRule has the subset."""
        target.limited(_DESTINATION)
        host, subset = host_of(target, "host", self._namespace), target.text("subset")
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

    def _check(self, target: ObjectNode, host: str, subset: str) -> None:
        rule = self._rules.get(host)
        if rule is None:
            reason = "was not understood" if host in self._rules else "is not among the files"
            raise target.wrong("subset", f"the DestinationRule of {host} {reason}, so {subset} may not exist (503)")
        if subset not in rule.subsets:
            raise target.wrong("subset", f"the DestinationRule of {host} has no subset {subset}: Istio answers 503")


def _destinations(route: ObjectNode) -> Iterator[ObjectNode]:
    """Every destination that the route names, mirrors included; wrong ones are found when the route is read."""
    parents = [*route.nodes("route"), *route.nodes("mirrors")]
    found = [route.node("mirror"), *(parent.node("destination") for parent in parents)]
    return (target for target in found if target is not None)


def _port(target: ObjectNode) -> int:
    """The number, 0 when the service's only port is meant."""
    port = target.node("port")
    return port.limited(frozenset(["number"])).whole("number") if port else 0
