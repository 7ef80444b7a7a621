"""What application files make Spring Cloud Gateway do, by its manual, its source and measurements; not by `emit`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graymesh.diagnostic import Pointer, Refused
from graymesh.ir.release import Cors, Facts
from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.target import Decoded, Files, Refusal, Statement
from graymesh.source import Source, load_artifacts
from graymesh.targets.spring_cloud_gateway import decode_cors, properties
from graymesh.targets.spring_cloud_gateway.addresses import Addresses
from graymesh.targets.spring_cloud_gateway.decode_routes import DecodedRoute, Hosts, entry, hosts_of
from graymesh.targets.spring_cloud_gateway.decode_tables import (
    Groups,
    HostRoutes,
    by_hosts,
    groups_of,
    table,
)
from graymesh.targets.spring_cloud_gateway.properties import Property
from graymesh.targets.spring_cloud_gateway.refused import of_type


@dataclass(frozen=True, slots=True)
class _Document:
    """One YAML document of a file."""

    file: str
    source: Source

    def refusal(self, why: NotUnderstood, path: Pointer = ()) -> Refusal:
        """What is not understood, with its line."""
        line = self.source.span(path).line
        return Refusal(file=self.file, field=why.field, message=why.message, path=path, line=line)


@dataclass(frozen=True, slots=True)
class _RouteList:
    """The one list of routes, and the document that sets it."""

    document: _Document
    setting: Property

    def refusal(self, why: NotUnderstood, index: int) -> Refusal:
        """What is not understood of one route."""
        return self.document.refusal(why, (*self.setting.path, index))


@dataclass(frozen=True, slots=True)
class _Lost:
    """A route that is not understood, its id, and the hosts whose requests it may take; None for any."""

    id: str
    hosts: Hosts | None
    refusal: Refusal


def decode(files: Files) -> Decoded:
    """One service for each set of hosts; none at all when what is not understood may concern every host."""
    documents, unread = _documents(files)
    lists, strange = _route_lists(documents, files)
    addresses, doubtful = _instances(documents)
    cors, unclear = _cors(documents, files)
    refusals = (*unread, *strange, *doubtful, *unclear)
    if refusals or not lists:
        return Decoded((), refusals)
    ignored = any(properties.ignores_forwarded(document.source.data) for document in documents)
    return _routed(lists[0], addresses, {("", "server.forwardHeaders"): "none"} if ignored else {}, cors)


def _documents(files: Files) -> tuple[list[_Document], list[Refusal]]:
    documents: list[_Document] = []
    refusals: list[Refusal] = []
    for file, text in sorted(files.items()):
        if not file.endswith((".yaml", ".yml")):
            refusals.append(Refusal(file=file, field=file, message="only application files in YAML are read"))
            continue
        try:
            documents += [_Document(file, source) for source in load_artifacts(text, file)]
        except Refused as refused:
            found = refused.diagnostics
            refusals += [Refusal(file=file, field="YAML", message=each.message, line=each.span.line) for each in found]
    return documents, refusals


def _route_lists(documents: Iterable[_Document], files: Files) -> tuple[list[_RouteList], list[Refusal]]:
    """Every list of routes; and what else is set that may change what routes mean."""
    lists: list[_RouteList] = []
    refusals: list[Refusal] = []
    for document in documents:
        try:
            settings = list(_settings(document, files))
        except NotUnderstood as why:
            refusals.append(document.refusal(why, why.where or ()))
            continue
        lists += [_RouteList(document, setting) for setting in settings if setting.name == "routes"]
        others = [setting for setting in settings if setting.name != "routes" and not decode_cors.concerns(setting)]
        refusals += [document.refusal(NotUnderstood(each.field, each.why), each.path) for each in others]
    if len(lists) > 1:
        message = f"{len(lists)} documents or prefixes set the list of routes, and Spring takes one of them"
        refusals += [each.document.refusal(NotUnderstood("routes", message), each.setting.path) for each in lists]
    return lists, refusals


def _cors(documents: Iterable[_Document], files: Files) -> tuple[Cors | None, list[Refusal]]:
    """What the gateway answers pages of other origins; Spring puts together what several documents say of it."""
    found: list[Cors] = []
    refusals: list[Refusal] = []
    for document in documents:
        try:
            settings = [setting for setting in _settings(document, files) if decode_cors.concerns(setting)]
        except NotUnderstood:
            continue  # told beside the lists of routes
        try:
            found += [cors] if (cors := decode_cors.cors_of(settings)) else []
            if len(found) > 1 and settings:
                raise NotUnderstood(settings[0].field, "several documents say it", settings[0].path)
        except NotUnderstood as why:
            refusals.append(document.refusal(why, why.where or ()))
    return found[0] if found else None, refusals


def _settings(document: _Document, files: Files) -> Iterator[Property]:
    data = document.source.data
    settings = [*properties.gateway_settings(data), *properties.disturbing(data)]
    if settings and properties.is_conditional(data):
        raise NotUnderstood("spring.config.activate", "what the document says holds only under a condition")
    names = {file.rpartition("/")[2] for file in files}
    foreign = [
        target for target in properties.imports(data) if target.rpartition("/")[2].rpartition(":")[2] not in names
    ]
    if foreign:
        message = f"{', '.join(foreign)} may override what stands here; read it as well"
        raise NotUnderstood("spring.config.import", message)
    yield from settings


def _instances(documents: Iterable[_Document]) -> tuple[Addresses, list[Refusal]]:
    found: dict[str, tuple[str, ...]] = {}
    refusals: list[Refusal] = []
    for document in documents:
        try:
            listed = dict(properties.instances(document.source.data))
            if listed and properties.is_conditional(document.source.data):
                raise NotUnderstood("spring.config.activate", "the instances are there only under a condition")
            for service in listed.keys() & found:
                raise NotUnderstood(service, "its instances are listed twice, and Spring takes one of the lists")
            found |= listed
        except NotUnderstood as why:
            refusals.append(document.refusal(why))
    return Addresses(found), refusals


def _routed(listed: _RouteList, addresses: Addresses, forwarding: Facts, cors: Cors | None) -> Decoded:
    """What the list of routes decides; `forwarding` matters to those that ask for the client's address."""
    try:
        values = of_type(listed.setting.field, listed.setting.value or [], list)
    except NotUnderstood as why:
        return Decoded((), (listed.document.refusal(why, listed.setting.path),))
    read = [_entry(listed, index, value, cors) for index, value in enumerate(values)]
    entries = [each for each in read if isinstance(each, DecodedRoute)]
    lost = [each for each in read if isinstance(each, _Lost)] + list(_contradictions(listed, entries))
    known = addresses.used_by(entries)
    groups = groups_of(entries)
    found = [
        _service(listed, each, groups, known, forwarding) for each in by_hosts(entries) if not _touched(each, lost)
    ]
    refusals = [each.refusal for each in lost] + [each for each in found if isinstance(each, Refusal)]
    everywhere = any(each.hosts is None for each in lost)
    services = () if everywhere else tuple(each for each in found if isinstance(each, Statement))
    return Decoded(services, tuple(refusals), frozenset(each.id for each in read if each))


def _entry(listed: _RouteList, index: int, value: Any, cors: Cors | None) -> DecodedRoute | _Lost | None:
    try:
        found = entry(value, index)
        return found and decode_cors.answered(found, cors)
    except NotUnderstood as why:
        written = value.get("id") if isinstance(value, Mapping) else None
        called = written if isinstance(written, str) else str(index)
        refusal = listed.refusal(NotUnderstood(why.field, f"route {called}: {why.message}"), index)
        return _Lost(called, hosts_of(value), refusal)


def _contradictions(listed: _RouteList, entries: Sequence[DecodedRoute]) -> Iterator[_Lost]:
    """Routes that cannot be understood beside each other."""
    counts = Counter(each.id for each in entries)
    ways = {each.reads_forwarded for each in entries} - {None}
    for each in entries:
        if counts[each.id] > 1:
            why = NotUnderstood("id", f"{counts[each.id]} routes are called {each.id!r}; a draw takes them for one")
            yield _Lost(each.id, each.hosts, listed.refusal(why, each.index))
        if len(ways) > 1 and each.reads_forwarded is not None:
            name = "XForwardedRemoteAddr" if each.reads_forwarded else "RemoteAddr"
            why = NotUnderstood(name, f"route {each.id}: other routes take the client's address from elsewhere")
            yield _Lost(each.id, each.hosts, listed.refusal(why, each.index))


def _touched(found: HostRoutes, lost: Iterable[_Lost]) -> bool:
    return any(each.hosts is None or each.hosts & found.hosts for each in lost)


def _client_address(entries: Iterable[DecodedRoute], forwarding: Facts) -> Facts:
    """Where routes that ask for the client's address take it from, which is one place for all of them."""
    ways = {each.reads_forwarded for each in entries} - {None}
    if not ways:
        return {}
    return {**forwarding, ("", "clientAddress"): "forwarded" if True in ways else "connection"}


def _host_sent(entries: Iterable[DecodedRoute]) -> Facts:
    """Services get their own address as Host; the client's where PreserveHostHeader stands."""
    kept = {each.effects.preserve_host for each in entries}
    return {("", "sends.host"): "$host" if False not in kept else "$host, on some routes"} if True in kept else {}


def _connections(entries: Sequence[DecodedRoute]) -> Facts:
    """Which filters end WebSockets, and whether clients can have headers left out that routes set, or the ticket."""
    setting = [each.effects.drops_connection for each in entries if _tells(each)]
    resets = any(each.effects.resets_sockets for each in entries)
    found = {"removable": "request headers"} if False in setting else {}
    found |= {"sockets": "reset"} if resets else {}
    return {("", name): value for name, value in found.items()}


def _tells(entry: DecodedRoute) -> bool:
    """Does the service get anything that the client did not send?"""
    cookie = entry.effects.set_cookie
    return bool(entry.effects.request_headers) or (cookie is not None and cookie.passed_on)


def _service(
    listed: _RouteList, found: HostRoutes, groups: Groups, known: Addresses, forwarding: Facts
) -> Statement | Refusal:
    try:
        decision = table(found, groups)
    except NotUnderstood as why:
        return listed.refusal(
            NotUnderstood(why.field, f"{', '.join(found.names)}: {why.message}"), found.entries[0].index
        )
    versions = {each.version for each in found.entries}
    settings = {**known.of(versions), **_client_address(found.entries, forwarding), **_host_sent(found.entries)}
    settings |= _connections(found.entries)
    return Statement(found.names[0], settings, decision, found.names, file=listed.document.file)
