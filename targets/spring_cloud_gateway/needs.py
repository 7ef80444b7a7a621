"""What the gateway's application must have for the file to work. The same at every stage."""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diagnostic import Pointer
from graymesh.ir.release import Kind
from graymesh.kit.asked import asked_by
from graymesh.kit.target import Need, View

_OPTIONS: Pointer = ("spec", "targets", "spring-cloud-gateway")
_RELEASES = {
    "2025": "Spring Cloud 2025.0 or later, tried with 2025.0.3, with spring-cloud-starter-gateway-server-webflux",
    "legacy": "Spring Cloud before 2025.0, with spring-cloud-starter-gateway",
}


def needs(view: View) -> Iterator[Need]:
    """The gateway and its load balancer; a registry or a proxy where the options count on one."""
    yield Need(name="gateway", text=_RELEASES[view.options["prefix"]])
    yield Need(
        name="import",
        text="spring.config.import of application-graymesh.yaml, in an application without a list of routes of its own",
    )
    yield Need(name="load balancer", text="spring-cloud-starter-loadbalancer, since routes lead to lb://")
    if view.options["discovery"] == "external":
        text = "a registry in which each version is registered as <version>.<name>.<namespace>.svc"
        yield Need(name="registry", text=text, path=(*_OPTIONS, "discovery"))
    sources = asked_by(view, Kind.SOURCE)
    if sources is not None:
        yield _address(view, sources)


def _address(view: View, sources: Pointer) -> Need:
    if view.options["clientAddress"] == "forwarded":
        text = (
            "exactly one proxy in front, which appends the client's address to X-Forwarded-For; nobody gets around it"
        )
        return Need(name="proxy", text=text, path=sources)
    return Need(
        name="no proxy", text="no proxy in front, since the client's address is read from the connection", path=sources
    )
