"""What the spec asks of the gateway besides routes. Computed without anything that writes."""

from __future__ import annotations

from graymesh.ir.release import Facts, Kind, Release, Scalar
from graymesh.kit.target import Expected, View


def expected(view: View) -> Expected:
    """The settings, and the uri that leads to each version."""
    labels = {version.name: _uri(view.release, version.name) for version in view.release.versions}
    return Expected(settings=_settings(view), labels=labels)


def _uri(release: Release, version: str) -> str:
    """Whatever has the scheme `lb` is a service id to Spring; each version is one of its own."""
    return f"lb://{version}.{release.name}.{release.namespace}.svc"


def _settings(view: View) -> Facts:
    """The addresses of all versions, unless a registry knows them; and what the options ask for.

    Whom a gateway believes about a client's address matters where a route asks for it.
    """
    asked: dict[tuple[str, str], Scalar] = {}
    if _asks_for_source(view):
        asked |= {("", "server.forwardHeaders"): "none", ("", "clientAddress"): view.options["clientAddress"]}
    if view.options["preserveHost"]:
        asked["", "sends.host"] = "$host"
    if view.options["discovery"] == "external":
        return asked
    return {**asked, **{key: value for key, value in view.facts.items() if key[1] == "endpoints"}}


def _asks_for_source(view: View) -> bool:
    """Does anybody's route depend on the client's address?"""
    routes = (route for table in view.tables for route in table.table.routes)
    conjunctions = (tests for route in routes for tests in route.condition)
    return any(test.field.kind is Kind.SOURCE for tests in conjunctions for test in tests)
