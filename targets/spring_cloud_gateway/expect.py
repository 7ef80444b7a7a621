"""What these artifacts state besides routes."""

from __future__ import annotations

from graymesh.ir.release import Facts
from graymesh.kit.target import View
from graymesh.targets.spring_cloud_gateway.predicates import tests_source

FORWARD_HEADERS = ("", "server.forwardHeaders")


def expected_facts(view: View) -> Facts:
    """The addresses of all versions, unless a registry knows them; whom a gateway that tests sources believes."""
    believed: Facts = {FORWARD_HEADERS: "none"} if tests_source(view) else {}
    if view.options["discovery"] == "external":
        return believed
    return {**believed, **{key: value for key, value in view.facts.items() if key[1] == "endpoints"}}
