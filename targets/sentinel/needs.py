"""What the processes that Sentinel guards must have for the rules to act. The same at every stage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from graymesh.diagnostic import Pointer
from graymesh.ir.release import Kind
from graymesh.ir.settings import SPEC_SETTINGS
from graymesh.kit.asked import asked_by
from graymesh.kit.target import Need, View
from graymesh.targets.sentinel.lower import limited

_KINDS: Final = {"limits.qps": "flow", "limits.cpu": "system", "circuitBreaker": "degrade"}
"""The settings that rules are made of, by the beginnings of their names, and the file that holds such rules."""


def needs(view: View) -> Iterator[Need]:
    """Sentinel in the services, a data source for each kind of rule, and the gateway's adapter where it has rules."""
    kinds = _data_sources(view)
    if kinds:
        yield Need(
            name="sentinel",
            text="Sentinel 1.8, tried with 1.8.9, in every instance, with sentinel-datasource-extension, and every "
            "call inside a resource with the release's name",
        )
    for kind, path in kinds.items():
        text = f"a data source for <release>/<version>/{kind}-rules.json, by the instance's own version"
        yield Need(name=f"{kind} rules", text=text, path=path)
    if "system" in kinds:
        text = "calls entered as EntryType.IN, since Sentinel holds the machine's load against no others"
        yield Need(name="inbound calls", text=text, path=kinds["system"])
    if view.options["gateway"]:
        yield from _gateway(view, kinds.get("flow", ()))


def _data_sources(view: View) -> dict[str, Pointer]:
    """The kinds of rules that the release has, each with what asks for it."""
    found: dict[str, Pointer] = {}
    for version, name in sorted(view.facts):
        for start, kind in _KINDS.items():
            if f"{name}.".startswith(f"{start}."):
                found.setdefault(kind, SPEC_SETTINGS.of(name).place_of_group(version))
    return found


def _gateway(view: View, limits: Pointer) -> Iterator[Need]:
    paths = asked_by(view, Kind.PATH)
    if limited(view):
        text = "sentinel-spring-cloud-gateway-adapter in the gateway, with gateway/flow-rules.json as a data source"
        yield Need(name="gateway rules", text=text, path=limits)
    if paths is not None:
        text = "sentinel-spring-cloud-gateway-adapter in the gateway, with gateway/api-groups.json as a data source"
        yield Need(name="gateway groups", text=text, path=paths)
