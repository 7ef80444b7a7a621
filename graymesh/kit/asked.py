"""What a release looks at over all of its stages, for what must be there from the first one on."""

from __future__ import annotations

from graymesh.diagnostic import Pointer
from graymesh.ir.release import Condition, Conjunction, Kind
from graymesh.kit.target import View


def asked_by(view: View, kind: Kind) -> Pointer | None:
    """Where the spec first asks for a field of that kind, at whatever stage; None where the target never looks at one.

    A target that follows an edge looks at the lane header alone. One that has no tables goes by its companion's.
    """
    deciding = view.role != "follower"
    found = next((path for field, path in view.release.asked if deciding and field.kind is kind), None)
    if found is not None:
        return found
    routes = [route for table in (*view.tables, *view.companion) for route in table.table.routes]
    drawn = next((route.origin for route in routes if route.split.key and route.split.key.kind is kind), None)
    if drawn is not None:
        return drawn
    conditions: list[tuple[Condition, Pointer]] = [(route.condition, route.origin) for route in routes]
    if deciding:
        conditions += [(condition, ("spec", "audiences", name)) for name, condition in view.release.audiences]
    asking = (path for condition, path in conditions for tests in condition if _asks(tests, kind))
    return next(asking, None)


def _asks(tests: Conjunction, kind: Kind) -> bool:
    return any(test.field.kind is kind for test in tests)


def names_asked(view: View, kind: Kind) -> set[str]:
    """The names of the fields of that kind that the release looks at, at whatever stage."""
    return {field.name for field, _ in view.release.asked if field.kind is kind}
