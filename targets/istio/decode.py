"""What Istio's objects make the mesh do, by Istio's rules; written without a look at what this target emits.

Routes are tried in order, the matches of a route are alternatives, the parts of a match must all hold. A host that
several VirtualServices claim at one place, a subset that no DestinationRule has, and every field that is not understood
is refused by name, and the service it belongs to is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.target import Decoded, Files, Refusal, Statement
from graymesh.targets.istio.decode_edges import (
    DecodedServiceEntry,
    Gateway,
    Tokens,
    add_by_header,
    gateway,
    service_entry,
    token_sources,
)
from graymesh.targets.istio.decode_facts import with_places
from graymesh.targets.istio.decode_rules import DestinationRule, destination_rule
from graymesh.targets.istio.decode_services import claimed, services_of
from graymesh.targets.istio.decode_versions import Surroundings
from graymesh.targets.istio.names import namespace_of
from graymesh.targets.istio.objects import Object, as_written, host_of, objects_of

_BLOCKING: Final = "may change any route; with it in the mesh nothing here is decided"


@dataclass
class _Objects:
    """What was read so far of a set of files."""

    refusals: list[Refusal] = field(default_factory=list)
    rules: dict[str, DestinationRule | None] = field(default_factory=dict)
    gateways: dict[str, Gateway | None] = field(default_factory=dict)
    entries: dict[str, DecodedServiceEntry | None] = field(default_factory=dict)
    tokens: list[Tokens] = field(default_factory=list)
    claims: dict[str, tuple[str, str]] = field(default_factory=dict)
    tokens_unclear: bool = False
    blocked: bool = False
    unread: list[Object] = field(default_factory=list)
    rule_hosts: dict[str, set[str]] = field(default_factory=dict)
    rule_names: dict[tuple[str, str], str] = field(default_factory=dict)

    def refuse(self, found: Object, error: NotUnderstood) -> None:
        """Keeps the refusal with its place."""
        self.refusals.append(found.refusal(error))


def decode(files: Files) -> Decoded:
    """Every service that the files decide, and a refusal for whatever was not understood."""
    reading = _Objects()
    objects = list(_read(files, reading))
    for found in sorted(objects, key=lambda found: found.kind != "ServiceEntry"):
        _READERS[found.kind](found, reading)
    around = _surroundings(reading)
    present = list(_virtual_services(objects, reading))
    decided = [each for found in present for each in _decided(found, around, reading)]
    left = [] if reading.blocked else list(_undisputed(decided, around, reading))
    services = tuple(with_places([(each.service, each.places) for each in left]))
    return Decoded(services, tuple(reading.refusals))


def _read(files: Files, reading: _Objects) -> Iterator[Object]:
    """The objects of the kinds that routes depend on; kinds of the mesh that are not read block everything."""
    for path in sorted(files):
        objects, refusals = objects_of(files[path], path)
        reading.refusals += refusals
        for found in objects:
            if found.kind in _READERS:
                yield found
            elif not found.harmless:
                reading.refuse(found, NotUnderstood(found.kind, _BLOCKING, ("kind",)))
                reading.blocked = True


def _virtual_services(objects: Sequence[Object], reading: _Objects) -> Iterator[Object]:
    """Those that are there once applied: of two with one name the later replaces the earlier."""
    found = [each for each in objects if each.kind == "VirtualService"]
    counts = Counter((each.namespace, each.name) for each in found)
    for each in found:
        if counts[each.namespace, each.name] == 1:
            yield each
        else:
            reading.refuse(each, _namesake(each, "one replaces the other"))
            reading.unread.append(each)


def _namesake(found: Object, why: str) -> NotUnderstood:
    message = f"there are several {found.kind}s called {found.namespace}/{found.name}: {why}"
    return NotUnderstood("name", message, ("metadata", "name"))


def _read_rule(found: Object, reading: _Objects) -> None:
    host = ""
    try:
        host = host_of(found.spec, "host", found.namespace)
        reading.rule_hosts.setdefault(found.file, set()).add(host)
        other = reading.rule_names.setdefault((found.namespace, found.name), host)
        if other != host:
            reading.rules[other] = None
            raise _namesake(found, f"this one replaces that for {other}, or the other way round")
        if host in reading.rules:
            raise found.spec.wrong("host", f"{host} has several DestinationRules, which Istio merges")
        reading.rules[host] = destination_rule(found.spec, host, found.stated, _home(host, reading))
    except NotUnderstood as error:
        reading.refuse(found, error)
        reading.rules[host] = None


def _home(host: str, reading: _Objects) -> str:
    """The namespace of the service that has this name, "" when the files do not tell."""
    entry = reading.entries.get(host)
    return entry.namespace if entry is not None else namespace_of(host)


def _read_gateway(found: Object, reading: _Objects) -> None:
    name = f"{found.namespace}/{found.name}"
    try:
        if name in reading.gateways:
            raise NotUnderstood("name", f"there are several Gateways {name}", ("metadata", "name"))
        reading.gateways[name] = gateway(found.spec, found.stated)
    except NotUnderstood as error:
        reading.refuse(found, error)
        reading.gateways[name] = None


def _read_tokens(found: Object, reading: _Objects) -> None:
    try:
        sources = tuple(token_sources(found.spec, found.namespace))
        reading.tokens += sources
        add_by_header(reading.claims, sources)
    except NotUnderstood as error:
        reading.refuse(found, error)
        reading.tokens_unclear = True


def _read_entry(found: Object, reading: _Objects) -> None:
    hosts: tuple[str, ...] = ()
    try:
        hosts = as_written(found.spec, "hosts")
        for host in hosts:
            if host in reading.entries:
                raise found.spec.wrong("hosts", f"{host} has several ServiceEntries, which Istio merges")
        reading.entries.update(dict.fromkeys(hosts, service_entry(found.spec, found.stated)))
    except NotUnderstood as error:
        reading.refuse(found, error)
        reading.entries.update(dict.fromkeys(hosts))


def _skip(_found: Object, _reading: _Objects) -> None:
    """VirtualServices are read last, when all that they name is known."""


_READERS: Final = {
    "DestinationRule": _read_rule,
    "Gateway": _read_gateway,
    "RequestAuthentication": _read_tokens,
    "ServiceEntry": _read_entry,
    "VirtualService": _skip,
}


def _surroundings(reading: _Objects) -> Surroundings:
    return Surroundings(
        rules=reading.rules,
        gateways=reading.gateways,
        entries=reading.entries,
        tokens=tuple(reading.tokens),
        tokens_unclear=reading.tokens_unclear,
        claims={} if reading.tokens_unclear else reading.claims,
        rule_hosts=reading.rule_hosts,
        rule_names=reading.rule_names,
    )


@dataclass(frozen=True, slots=True)
class _Decided:
    """A service, the VirtualService that decides it, and the places where it does."""

    found: Object
    service: Statement
    places: tuple[str, ...]


def _decided(found: Object, around: Surroundings, reading: _Objects) -> list[_Decided]:
    try:
        return [_Decided(found, service, places) for service, places in services_of(found, around)]
    except NotUnderstood as error:
        reading.refuse(found, error)
        reading.unread.append(found)
        return []


def _undisputed(decided: list[_Decided], around: Surroundings, reading: _Objects) -> Iterator[_Decided]:
    """Services whose hosts no second VirtualService claims at the same place, be that one understood or not."""
    claimants: dict[tuple[str, str], set[str]] = {}
    for unread in reading.unread:
        for claim in claimed(unread, around):
            claimants.setdefault(claim, set()).add(unread.identity)
    for each in decided:
        for place, host in product(each.places, each.service.hosts):
            claimants.setdefault((place, host), set()).add(each.found.identity)
    for each in decided:
        doubled = sorted(
            {host for place, host in product(each.places, each.service.hosts) if len(claimants[place, host]) > 1}
        )
        if not doubled:
            yield each
            continue
        message = f"several VirtualServices decide for {', '.join(doubled)}: gateways merge them, the mesh takes one"
        reading.refuse(each.found, each.found.spec.wrong("hosts", message))
