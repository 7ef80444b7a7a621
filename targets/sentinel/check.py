"""What Sentinel would not hold as it is meant: limits that do not divide, circuits that never open."""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.settings import SPEC_SETTINGS
from graymesh.kit.target import Constraint, View
from graymesh.targets.sentinel.lower import ENDLESS_MS


def check(view: View) -> Iterator[Constraint]:
    """Limits that are shared out over instances, then circuit breakers, each told once."""
    if view.options["limitsPer"] == "version":
        for (version, name), value in view.facts.items():
            if name == "limits.qps":
                yield from _shared_out(view, version, int(str(value)))
    said = {name: int(str(value)) for (_, name), value in view.facts.items() if name.startswith("circuitBreaker.")}
    yield from _breakers(said)


def _shared_out(view: View, version: str, limit: int) -> Iterator[Constraint]:
    path = SPEC_SETTINGS.of("limits.qps").place(version)
    count = view.release.version(version).replicas
    if count is None:
        message = (
            f"limitsPer is version, but nobody says over how many instances of {version!r} the limit is shared out"
        )
        yield Constraint(path=path, message=message, help=f"say versions.{version}.replicas, or limitsPer: instance")
    elif count > limit:
        message = f"{limit} requests a second cannot be shared out over {count} instances: one each would be {count}"
        advice = f"at least {count}, fewer replicas, or limitsPer: instance"
        yield Constraint(path=path, message=message, help=advice)
    elif count and limit % count:
        each = limit // count
        message = (
            f"{limit} requests a second over {count} instances are {each} each, {each * count} together: "
            "Sentinel lets only whole requests pass"
        )
        advice = f"say {each * count} or {(each + 1) * count}"
        yield Constraint(path=path, message=message, help=advice, level="warning")


def _breakers(said: dict[str, int]) -> Iterator[Constraint]:
    for name, value in said.items():
        path = SPEC_SETTINGS.of(name).place("")
        if name == "circuitBreaker.errorRatio.bp" and value == 10_000:
            message = "this circuit never opens: Sentinel waits for more errors than calls"
            yield Constraint(path=path, message=message, help="below 100%")
        if name.endswith(".window.ms") and value >= ENDLESS_MS:
            yield Constraint(path=path, message="Sentinel's windows are shorter than 25 days", help="24d at most")
        if name.endswith(".open.ms") and value % 1000:
            message = "Sentinel keeps a circuit open for whole seconds"
            yield Constraint(path=path, message=message, help=f"{value // 1000 + 1}s")
