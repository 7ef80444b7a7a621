"""What Istio's objects say about a service besides its routes, as facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from graymesh.ir.release import Kind, RouteTable, Scalar
from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.target import Statement
from graymesh.targets.istio.decode_edges import DecodedServiceEntry
from graymesh.targets.istio.decode_rules import DestinationRule
from graymesh.targets.istio.decode_versions import Surroundings, Versions
from graymesh.targets.istio.names import MESH
from graymesh.targets.istio.objects import Object

Found: TypeAlias = dict[tuple[str, str], Scalar]
LEFT_OPEN: Final = "left open"
"""Stands for a namespace that the file leaves to whoever applies it; no namespace has a blank in its name."""


def in_words(place: str) -> str:
    """`mesh`, or `gateway istio-system/public`."""
    return place if place == MESH else f"gateway {place}"


def place_facts(found: Object, places: Iterable[str], around: Surroundings) -> Found:
    """Where the VirtualService stands, who sees it, and what the gateways among the files are, at which it decides."""
    facts: Found = {("", "placed.VirtualService"): _placed(found.stated, _export_to(found))}
    for place in places:
        gateway = around.gateways.get(place)
        if gateway is not None:
            facts |= {("", f"gateway.{place}"): gateway.servers, ("", f"gateway.{place}.pods"): gateway.pods}
            facts |= {} if gateway.namespace else {("", f"gateway.{place}.namespace"): LEFT_OPEN}
    return facts


def version_facts(versions: Versions, around: Surroundings) -> Found:
    """Labels and endpoints of each subset; what a rule says of all versions must be the same for all hosts."""
    rules = [_rule(host, around) for host in versions.hosts if host in around.rules]
    if any(rule.policy != rules[0].policy for rule in rules):
        raise NotUnderstood("trafficPolicy", "the hosts behind this VirtualService have different ones", ("spec",))
    facts: Found = {}
    for host in versions.hosts:
        entry = _entry(host, around)
        facts |= _entry_facts(entry) if entry is not None and host == versions.main else {}
    for rule in rules:
        facts |= _rule_facts(rule, versions, around)
    if versions.port:
        facts["", "port"] = versions.port
    return facts


def _rule_facts(rule: DestinationRule, versions: Versions, around: Surroundings) -> Found:
    facts: Found = {("", name): value for name, value in rule.policy.items()}
    entry = _entry(rule.host, around)
    for subset, labels in rule.subsets.items():
        version = versions.label(rule.host, subset)
        facts |= {(version, f"labels.{name}"): value for name, value in labels.items()}
        if entry is not None:
            facts[version, "endpoints"] = entry.selected(labels)
    if rule.host == versions.main:
        facts["", "placed.DestinationRule"] = _placed(rule.namespace, rule.export_to)
    return facts


def _entry_facts(entry: DecodedServiceEntry) -> Found:
    facts: Found = {("", "entry.port"): entry.port, ("", "entry.location"): entry.location}
    facts["", "entry.resolution"] = entry.resolution
    facts |= {("", "entry.protocol"): entry.protocol} if entry.protocol != "HTTP" else {}
    facts["", "placed.ServiceEntry"] = _placed(entry.namespace, entry.export_to)
    return facts


def _placed(namespace: str, export_to: Sequence[str] | None) -> str:
    """`shop`, or `shop for . istio-system` when only some namespaces see the object; it may leave its own open."""
    seen = "" if export_to is None else " for " + " ".join(sorted(export_to))
    return (namespace or LEFT_OPEN) + seen


def _export_to(found: Object) -> Sequence[str] | None:
    return found.spec.texts("exportTo") if "exportTo" in found.spec else None


def _rule(host: str, around: Surroundings) -> DestinationRule:
    rule = around.rules[host]
    if rule is None:
        raise NotUnderstood("host", f"the DestinationRule of {host} was not understood", ("spec",))
    return rule


def _entry(host: str, around: Surroundings) -> DecodedServiceEntry | None:
    entry = around.entries.get(host)
    if entry is None and host in around.entries:
        raise NotUnderstood("host", f"the ServiceEntry of {host} was not understood", ("spec",))
    return entry


def token_facts(table: RouteTable, issuers: Collection[str], around: Surroundings) -> Found:
    """Where the claims that routes ask for come from."""
    asked = any(test.field.kind is Kind.CLAIM for route in table.routes for tests in route.condition for test in tests)
    if not asked:
        return {}
    sources = [tokens for tokens in around.tokens if tokens.issuer in issuers]
    if len({tuple(tokens.facts.items()) for tokens in sources}) != 1:
        raise NotUnderstood("jwtRules", "it is not clear which issuer's claims the routes ask for", ("spec",))
    pods = tuple(sorted({label for tokens in sources for label in tokens.pods}))
    passed_on = int(all(tokens.passed_on for tokens in sources))
    where = ",".join(sorted({tokens.namespace for tokens in sources}))
    return {**sources[0].facts, ("", "jwt.namespace"): where, ("", "jwt.pods"): pods, ("", "jwt.passedOn"): passed_on}


def with_places(decided: Sequence[tuple[Statement, Sequence[str]]]) -> Iterator[Statement]:
    """The services with the setting `served.<host>`: all places where any of them decides for the host."""
    places: dict[str, set[str]] = {}
    for service, where in decided:
        for host in service.hosts:
            places.setdefault(host, set()).update(map(in_words, where))
    for service, _ in decided:
        yield replace(service, settings={**service.settings, **_served(service.hosts, places)})


def _served(hosts: Iterable[str], places: Mapping[str, set[str]]) -> Found:
    return {("", f"served.{host}"): tuple(sorted(places[host])) for host in hosts}
