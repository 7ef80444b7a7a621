"""Spring Cloud Gateway: one warm JVM that builds a fresh gateway for each configuration file."""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from graymesh.ir.semantics import Request, address
from tests.conformance import wire
from tests.conformance.engine import FORGED, Answer, EngineRefused, Project, require_loopback
from tests.conformance.jvm import SOURCES, MavenProject, Orders, Say

PROJECT: Final = MavenProject(
    name="spring-cloud-gateway", folder=SOURCES / "spring", version_property="spring-cloud.version"
)
_JAR: Final = PROJECT.built / "gateway.jar"
_GATEWAY: Final = re.compile(r"BOOT-INF/lib/spring-cloud-gateway-server-webflux-([0-9.]+)\.jar")
_FILE: Final = "application-graymesh.yaml"
_ROUTES: Final = "/.actuator/gateway/routes"
_BY_CONNECTION: Final = "name: RemoteAddr"
_CLIENTS: Final = {"server.forward-headers-strategy": "native"}
"""All connections come from here; with this, X-Forwarded-For says whose the connection is."""


def setup(say: Say) -> None:
    """Build the engine; nothing to do when that is done. Raises RuntimeError."""
    PROJECT.build(say)


class SpringCloudGateway:
    """`address` is where the gateway listens since it was last configured."""

    name = "spring-cloud-gateway"

    def __init__(self) -> None:
        self._orders: Orders | None = None
        self.address = ("127.0.0.1", 0)
        self._by_connection = False

    @property
    def version(self) -> str:
        """The gateway's own version, as the built archive says it."""
        with zipfile.ZipFile(_JAR) as archive:
            found = next(match for match in map(_GATEWAY.fullmatch, archive.namelist()) if match)
        return f"{self.name} {found[1]}"

    def available(self) -> str | None:
        """None when the engine can be used, else why not."""
        return PROJECT.missing()

    def start(self) -> None:
        """Start the JVM; it listens once a configuration is loaded."""
        self._orders = Orders(["-Xss512k", "-XX:TieredStopAtLevel=1", "-jar", str(_JAR)], heap="512m")

    def stop(self) -> None:
        """End the JVM."""
        if self._orders:
            self._orders.close()
            self._orders = None

    def load(self, files: Mapping[str, str], project: Project | None = None) -> None:
        """Build a gateway from the one file. Raises EngineRefused, also when it does not list exactly our routes."""
        require_loopback(files, project.releases if project else ())
        (text,) = files.values()
        self._by_connection = _BY_CONNECTION in text
        self.configure(text, _CLIENTS if self._by_connection else {})
        different = _difference(_written(text), self.listed())
        if different:
            raise EngineRefused(f"the gateway's routes are not ours: {different}")

    def configure(self, text: str, settings: Mapping[str, str]) -> None:
        """Build a gateway from any text; `settings` are properties of the application. Raises EngineRefused."""
        assert self._orders
        with tempfile.TemporaryDirectory(prefix="graymesh-spring-") as folder:
            file = Path(folder) / _FILE
            file.write_text(text, encoding="utf-8")
            answer = self._orders.ask({"file": str(file), "properties": dict(settings)})
        if "refused" in answer:
            raise EngineRefused(answer["refused"])
        self.address = ("127.0.0.1", answer["port"])

    def listed(self) -> list[dict[str, Any]]:
        """The routes that the running gateway lists."""
        request = wire.as_bytes(Request(path=_ROUTES), "localhost")
        (response,) = wire.exchange(self.address, [request])
        found: list[dict[str, Any]] = json.loads(response.body)
        return found

    def send(self, request: Request, host: str) -> Answer:
        """One request and its answer."""
        return self.send_many([(request, host)])[0]

    def send_many(self, requests: Sequence[tuple[Request, str]]) -> list[Answer]:
        """Many requests, each with its Host, and their answers in the same order."""
        return self.send_heads([(self.head(request, host), host) for request, host in requests])

    def send_heads(self, requests: Sequence[tuple[bytes, str]]) -> list[Answer]:
        """Requests as they go over the wire; the hosts that they are for are all served at one address."""
        return self.send_bytes([head for head, _ in requests])

    def head(self, request: Request, host: str) -> bytes:
        """The request as bytes, with the client's address in a header that the engine is told to believe."""
        return wire.as_bytes(request, host, [self._client(request)])

    def send_bytes(self, requests: Sequence[bytes]) -> list[Answer]:
        """Requests as they go over the wire."""
        return [wire.answer(response) for response in wire.exchange(self.address, requests)]

    def at(self, host: str) -> tuple[str, int]:
        """All hosts are served at one address."""
        return self.address

    def chain(self, source: str) -> str:
        """What the client wrote, and its address as the one proxy saw it, where the file says to believe the last."""
        return "" if self._by_connection else f"{FORGED}, {source}"

    def _client(self, request: Request) -> tuple[str, str]:
        """Of a connection, the socket itself says that a mapped address is IPv4."""
        source = str(address(request.source)) if self._by_connection else request.source
        return "X-Forwarded-For", source


def _written(text: str) -> list[tuple[Any, ...]]:
    cloud = yaml.safe_load(text)["spring"]["cloud"]["gateway"]
    routes = cloud.get("server", {}).get("webflux", {}).get("routes") or cloud.get("routes")
    if not routes:
        raise EngineRefused("the file has no list of routes")
    return sorted((route["id"], route["uri"], route["order"], len(route.get("filters", ()))) for route in routes)


def _difference(written: list[tuple[Any, ...]], listed: list[dict[str, Any]]) -> str:
    found = sorted((each["route_id"], each["uri"], each["order"], len(each["filters"])) for each in listed)
    if found == written:
        return ""
    return f"{len(written)} written, {len(found)} listed; {sorted(set(written) ^ set(found))[:3]}"
