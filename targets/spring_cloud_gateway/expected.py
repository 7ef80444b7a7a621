"""What the spec asks of the gateway besides routes. Computed without anything that writes."""

from __future__ import annotations

from graymesh.ir.release import Facts, Release
from graymesh.kit.target import Expected, View
from graymesh.targets.spring_cloud_gateway.predicates import tests_source

FORWARD_HEADERS = ("", "server.forwardHeaders")


def expected(view: View) -> Expected:
    """The settings, and the uri that leads to each version."""
    labels = {version.name: _uri(view.release, version.name) for version in view.release.versions}
    return Expected(settings=_settings(view), labels=labels)


def _uri(release: Release, version: str) -> str:
    """Whatever has the scheme `lb` is a service id to Spring; each version is one of its own."""
    return f"lb://{version}.{release.name}.{release.namespace}.svc"


def _settings(view: View) -> Facts:
    """The addresses of all versions, unless a registry knows them; whom a gateway that tests sources believes."""
    believed: Facts = {FORWARD_HEADERS: "none"} if tests_source(view) else {}
    if view.options["discovery"] == "external":
        return believed
    return {**believed, **{key: value for key, value in view.facts.items() if key[1] == "endpoints"}}
