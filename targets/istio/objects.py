"""The objects in a file: kind, name, namespace, and the spec that a decoder reads."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graymesh.diagnostic import Pointer, Refused
from graymesh.kit.nodes import ObjectNode, node
from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.target import Refusal

if TYPE_CHECKING:
    from graymesh.source import Source

_VERSIONS: Final = {
    "networking.istio.io": frozenset(["v1alpha3", "v1beta1", "v1"]),
    "security.istio.io": frozenset(["v1beta1", "v1"]),
}
_KINDS: Final = {
    "VirtualService": "networking.istio.io",
    "DestinationRule": "networking.istio.io",
    "Gateway": "networking.istio.io",
    "ServiceEntry": "networking.istio.io",
    "RequestAuthentication": "security.istio.io",
}
_HARMLESS: Final = frozenset(["PeerAuthentication", "Telemetry", "WorkloadEntry", "WorkloadGroup"])
_TOP: Final = frozenset(["apiVersion", "kind", "metadata", "spec", "status"])
_SEMANTICS: Final = "internal.istio.io/route-semantics"


@dataclass(frozen=True, slots=True)
class Object:
    """One document. `harmless` ones choose no version; `namespace` is `default` when the file names none.

    `stated` is the namespace as the file names it, "" when it leaves that to whoever applies it; `within` is where it
    stands in its document, `items` and a number in a List.
    """

    kind: str
    name: str
    namespace: str
    stated: str
    spec: ObjectNode
    source: Source
    file: str
    harmless: bool = False
    within: Pointer = ()

    @property
    def identity(self) -> str:
        """What tells it apart from all others."""
        return f"{self.file}#{self.source.document}{self.within}"

    def refusal(self, error: NotUnderstood) -> Refusal:
        """The field that was not understood, with its place in the file."""
        return _refusal(self.source, self.file, error, self.within)


def objects_of(text: str, file: str) -> tuple[list[Object], list[Refusal]]:
    """The documents of a file, and what of them could not be read."""
    from graymesh.source import load_artifacts

    objects: list[Object] = []
    refusals: list[Refusal] = []
    try:
        sources = load_artifacts(text, file)
    except Refused as error:
        return [], [
            Refusal(file=file, field="yaml", message=found.message, path=found.path, line=found.span.line)
            for found in error.diagnostics
        ]
    for source in sources:
        for data, within in _documents(source):
            try:
                objects.append(_object(source, file, data, within))
            except NotUnderstood as error:
                refusals.append(_refusal(source, file, error, within))
    return objects, refusals


def _documents(source: Source) -> Iterator[tuple[object, Pointer]]:
    """The document, or what it lists: `kubectl get -o yaml` gives a List."""
    data = source.data
    if isinstance(data, Mapping) and str(data.get("kind", "")).endswith("List") and isinstance(data.get("items"), list):
        for index, item in enumerate(data["items"]):
            yield item, ("items", index)
    else:
        yield data, ()


def _refusal(source: Source, file: str, error: NotUnderstood, within: Pointer) -> Refusal:
    path = (*within, *error.where)
    line = source.span(path, at_key=True).line
    return Refusal(file=file, field=error.field, message=error.message, path=path, line=line)


def _object(source: Source, file: str, data: object, within: Pointer) -> Object:
    document = node(data, (), "document")
    kind, group, version = document.text("kind"), *_group(document.text("apiVersion"))
    metadata = document.node("metadata") or ObjectNode({}, ("metadata",))
    if kind in ("", "List"):
        raise document.wrong("kind", "is missing, or a List of nothing")
    ours = _KINDS.get(kind) == group
    if ours:
        document.limited(_TOP)
        if version not in _VERSIONS[group]:
            raise document.wrong("apiVersion", f"the version {version} of {kind} is not known")
        if not metadata.text("name"):
            raise metadata.wrong("name", "is missing: Kubernetes takes no object without one")
        if _SEMANTICS in metadata.text_map("annotations"):
            raise metadata.wrong("annotations", f"{_SEMANTICS} changes what matches mean")
    return Object(
        kind=kind if ours else f"{kind} of {group or 'the core'}",
        name=metadata.text("name"),
        namespace=metadata.text("namespace") or "default",
        stated=metadata.text("namespace"),
        spec=document.node("spec") or ObjectNode({}, ("spec",)) if ours else ObjectNode({}, ()),
        source=source,
        file=file,
        harmless=kind in _HARMLESS or not _read_by_istio(kind, group),
        within=within,
    )


def _read_by_istio(kind: str, group: str) -> bool:
    """Istio takes its routes from its own groups, from the Gateway API and from Ingresses."""
    return group.endswith("istio.io") or group == "gateway.networking.k8s.io" or kind == "Ingress"


def _group(api_version: str) -> tuple[str, str]:
    group, _, version = api_version.rpartition("/")
    return group, version


def host_of(place: ObjectNode, field: str, namespace: str) -> str:
    """The host that the field names, in full, "" when it is not set; raises NotUnderstood for capital letters."""
    return _full(_lower(place.text(field), place, field), namespace)


def hosts_of(place: ObjectNode, field: str, namespace: str) -> tuple[str, ...]:
    """The hosts that the field lists, in full; raises NotUnderstood for capital letters."""
    return tuple(_full(host, namespace) for host in as_written(place, field))


def as_written(place: ObjectNode, field: str) -> tuple[str, ...]:
    """The hosts that the field lists; raises NotUnderstood for capital letters."""
    return tuple(_lower(host, place, field) for host in place.texts(field))


def _lower(host: str, place: ObjectNode, field: str) -> str:
    if host != host.lower():
        raise place.wrong(field, f"{host} has capital letters, which Istio heeds in one place and not in another")
    return host


def _full(host: str, namespace: str) -> str:
    """A name without a dot is a service of the namespace."""
    if not host or "." in host or host == "*" or _address(host):
        return host
    return f"{host}.{namespace}.svc.cluster.local"


def gateway_name(written: str, namespace: str) -> str:
    """A gateway as namespace/name; `mesh` stays, older files write name.namespace.svc.cluster.local."""
    if written == "mesh":
        return written
    if "/" in written:
        where, _, name = written.partition("/")
        return f"{namespace if where == '.' else where}/{name}"
    name, dot, rest = written.partition(".")
    return f"{rest.partition('.')[0]}/{name}" if dot else f"{namespace}/{name}"


def _address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
