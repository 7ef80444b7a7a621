"""What the Istio engine puts beside the compiled files: services with endpoints, gateways, listeners, tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

import yaml

from graymesh.ir.claims import claim_path
from graymesh.ir.release import Jwt, Kind, Release

Object = Mapping[str, Any]

ROOT_NAMESPACE: Final = "istio-system"
MESH: Final = "mesh"
_NETWORKING: Final = "networking.istio.io/v1"
_SECRET: Final = b"the conformance suite signs its own tokens"


@dataclass(frozen=True, slots=True)
class Documents:
    """The compiled files' objects, for what the harness must know of them; Istio reads the files themselves."""

    objects: tuple[Object, ...]

    @classmethod
    def of(cls, files: Mapping[str, str]) -> Documents:
        """All documents of all files."""
        loaded = (document for name in sorted(files) for document in yaml.safe_load_all(files[name]))
        return cls(tuple(document for document in loaded if document))

    def kind(self, kind: str) -> Iterator[Object]:
        """The objects of this kind."""
        return (each for each in self.objects if each["kind"] == kind)

    def gateways(self) -> set[tuple[str, str]]:
        """(namespace, name) of every gateway that a VirtualService names."""
        return {
            _gateway(name, each["metadata"].get("namespace", "default"))
            for each in self.kind("VirtualService")
            for name in each["spec"].get("gateways", ())
            if name != MESH
        }

    def at_gateways(self) -> frozenset[str]:
        """The hosts that are served at a gateway."""
        return frozenset(
            host.lower()
            for each in self.kind("VirtualService")
            for host in each["spec"]["hosts"]
            if any(name != MESH for name in each["spec"].get("gateways", ()))
        )

    def namespaces(self) -> frozenset[str]:
        """Where a client must be to see objects that only their own namespace sees; empty when all see them."""
        return frozenset(
            each["metadata"].get("namespace", "default") for each in self.objects if _private(each.get("spec", {}))
        )

    def claim_headers(self) -> dict[tuple[str, str], str]:
        """(issuer, claim) → the header in which a gateway tells the mesh of it."""
        return {
            (rule["issuer"], entry["claim"]): entry["header"]
            for each in self.kind("RequestAuthentication")
            for rule in each["spec"]["jwtRules"]
            for entry in rule.get("outputClaimToHeaders", ())
        }


def harness(documents: Documents, releases: Sequence[Release], gateway: tuple[str, int], bind: str) -> str:
    """The objects that a cluster has and graymesh does not write, as JSON documents."""
    own = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in documents.kind("Gateway")}
    served = {host for each in documents.kind("ServiceEntry") for host in each["spec"]["hosts"]}
    ports = sorted({release.port for release in releases})
    objects = [
        *(_gateway_object(space, name, gateway) for space, name in sorted(documents.gateways() - own)),
        *(_service_entry(release) for release in releases if release.host not in served),
        *_public_names(releases, served | documents.at_gateways()),
        *([_sidecar(ports, bind)] if ports else []),
    ]
    return "\n---\n".join(map(json.dumps, objects))


def _private(spec: Object) -> bool:
    return "." in spec.get("exportTo", ())


def _gateway(written: str, namespace: str) -> tuple[str, str]:
    space, slash, name = written.partition("/")
    return (space, name) if slash else (namespace, written)


def _gateway_object(namespace: str, name: str, address: tuple[str, int]) -> Object:
    host, port = address
    server = {"bind": host, "hosts": ["*"], "port": {"number": port, "name": "http", "protocol": "HTTP"}}
    return _object("Gateway", namespace, name, {"selector": {"istio": "ingressgateway"}, "servers": [server]})


def _service_entry(release: Release) -> Object:
    """The service as Kubernetes would know it: each version's addresses under the version's labels."""
    endpoints = []
    for version in release.versions:
        if not version.endpoints:
            raise ValueError(f"{release.key}: the version {version.name} has no endpoints on loopback")
        for endpoint in version.endpoints:
            address, _, port = endpoint.rpartition(":")
            endpoints.append({"address": address, "ports": {"http": int(port)}, "labels": dict(version.labels)})
    spec = {
        "hosts": [release.host],
        "location": "MESH_INTERNAL",
        "resolution": "STATIC",
        "ports": [{"number": release.port, "name": "http", "protocol": "HTTP"}],
        "endpoints": endpoints,
    }
    return _object("ServiceEntry", release.namespace, f"conformance-{release.name}", spec)


def _public_names(releases: Sequence[Release], known: Set[str]) -> Iterator[Object]:
    """Names of the mesh that are no service's, as an operator registers them: of others Istio routes port 80 only."""
    for release in releases:
        names = [name for name in release.domains if name not in known]
        if names:
            ports = [{"number": release.port, "name": "http", "protocol": "HTTP"}]
            spec = {"hosts": names, "location": "MESH_INTERNAL", "resolution": "NONE", "ports": ports}
            yield _object("ServiceEntry", release.namespace, f"conformance-{release.name}-names", spec)


def _sidecar(ports: Iterable[int], bind: str) -> Object:
    """The client's listeners: one on each service's port, on an address of loopback."""
    egress = [
        {
            "port": {"number": port, "protocol": "HTTP", "name": f"http-{port}"},
            "bind": bind,
            "captureMode": "NONE",
            "hosts": ["*/*"],
        }
        for port in ports
    ]
    return _object("Sidecar", ROOT_NAMESPACE, "conformance", {"egress": egress})


def _object(kind: str, namespace: str, name: str, spec: Object) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": _NETWORKING, "kind": kind, "metadata": metadata, "spec": spec}


def jwks() -> str:
    """The keys that stand in for every issuer's."""
    key = {"kty": "oct", "kid": "conformance", "alg": "HS256", "k": _base64(_SECRET)}
    return json.dumps({"keys": [key]})


def token(issuer: str, claims: Iterable[tuple[str, str]]) -> str:
    """A token that `jwks` verifies."""
    head = _base64(json.dumps({"alg": "HS256", "kid": "conformance", "typ": "JWT"}).encode())
    body = _base64(json.dumps({"iss": issuer, **_nested(claims)}).encode())
    signature = hmac.new(_SECRET, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{_base64(signature)}"


def _nested(claims: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Claims as a token has them: several values of one name are a list, `outer.inner` is inside of another one."""
    pairs = tuple(claims)
    found: dict[str, Any] = {}
    for name in dict.fromkeys(name for name, _ in pairs):
        values = [value for each, value in pairs if each == name]
        *outer, last = claim_path(name)
        place = found
        for key in outer:
            place = place.setdefault(key, {})
        place[last] = values if len(values) > 1 else values[0]
    return found


def bearing(jwt: Jwt, claims: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The header, or the cookie, in which this issuer's tokens come."""
    text = token(jwt.issuer, claims)
    if jwt.source.kind is Kind.HEADER and jwt.source.name == "authorization":
        return jwt.source.name, f"Bearer {text}"
    return jwt.source.name, text


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
