"""Which line of the spec causes a difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from graymesh.diagnostic import Pointer
from graymesh.diff.known import PREFLIGHTS, KnownTable, known, same
from graymesh.diff.model import Place, Side
from graymesh.diff.routing import RoutingDifference
from graymesh.diff.sections import shares_of
from graymesh.ir.release import Route
from graymesh.ir.semantics import Request, decide, first_met
from graymesh.language.case import Case, release_at

_EFFECT_PATHS: Final[Mapping[str, Pointer]] = {
    "timeout": ("spec", "resilience", "timeout"),
    "retries": ("spec", "resilience", "retries"),
    "mirror": ("spec", "mirror"),
    "cors": ("spec", "cors"),
    "request header": ("spec", "trace"),
    "response header": ("spec", "notice"),
    "ticket": ("spec", "sticky"),
    "key of the draw": ("spec", "sticky", "key"),
}
_MISSING: Final = object()
_LONGEST_LINE: Final = 120


@dataclass(frozen=True)
class Both:
    """One release on both sides, as read from its files."""

    old: Case
    new: Case

    def place(self, path: Pointer) -> Place:
        """The deepest value at or below the path that both sides do not share, where it stands now or stood before."""
        side, exact = self._differing(path)
        return place_in(self.new if side == "new" else self.old, side, exact)

    def same(self, path: Pointer) -> bool:
        """Do both files say the same there?"""
        return bool(at(self.old.source.data, path) == at(self.new.source.data, path))

    def _differing(self, path: Pointer) -> tuple[Side, Pointer]:
        old, new = at(self.old.source.data, path), at(self.new.source.data, path)
        if new is _MISSING:
            return ("new", path) if old is _MISSING else ("old", path)
        return _deepest(old, new, path)


def at(data: Any, path: Pointer) -> Any:
    """The value at a path; a marker that equals nothing else when there is none."""
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return _MISSING
    return data


def place_in(case: Case, side: Side, path: Pointer) -> Place:
    """Where one side says it; its nearest ancestor when it does not."""
    span = case.source.span(path)
    text = case.source.line(span.line).strip()
    text = text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}…"
    return Place(side=side, file=case.source.file, line=span.line, column=span.column, text=text)


def _deepest(old: Any, new: Any, path: Pointer) -> tuple[Side, Pointer]:
    """Down to where they part; what is only there on one side is named there."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in new:
            if key not in old:
                return "new", (*path, key)
            if old[key] != new[key]:
                return _deepest(old[key], new[key], (*path, key))
        gone = next((key for key in old if key not in new), None)
        return ("new", path) if gone is None else ("old", (*path, gone))
    if isinstance(old, list) and isinstance(new, list):
        for index, (one, other) in enumerate(zip(old, new, strict=False)):
            if one != other:
                return _deepest(one, other, (*path, index))
        return ("old", (*path, len(new))) if len(new) < len(old) else ("new", (*path, min(len(old), len(new) - 1)))
    return "new", path


def route_cause(both: Both, old: KnownTable, new: KnownTable, found: RoutingDifference) -> Place:
    """The line that makes requests of a difference go elsewhere."""
    if found.what != "version":
        return _effect_cause(both, old, new, found)
    if found.who == PREFLIGHTS and not both.same(("spec", "preflight")):
        return both.place(("spec", "preflight"))
    if found.request is not None and _by_stage(both, old, found.request):
        return both.place(_stage_path(both))
    if found.j < new.rest and _of_the_spec(new.routes[found.j]):
        return _taken(both, old, new, found)
    if found.i < old.rest and _of_the_spec(old.routes[found.i]):
        return _left(both, old, new, found)
    return _weights(both)


def _of_the_spec(route: Route) -> bool:
    """Is it a route that the spec names, and not one that stickiness adds?"""
    return route.origin[:2] == ("spec", "routes")


def _effect_cause(both: Both, old: KnownTable, new: KnownTable, found: RoutingDifference) -> Place:
    if found.what == "fault":
        side: Side = "new" if found.j < new.rest else "old"
        route = new.route(found.j) if side == "new" else old.route(found.i)
        return place_in(both.new if side == "new" else both.old, side, (*(route.origin if route else ()), "fault"))
    path = _EFFECT_PATHS.get(found.what, ("spec",))
    if path == ("spec", "sticky") and both.same(path):
        path = ("spec", "stages") if both.same(("spec", "hold")) else ("spec", "hold")
    return both.place(path)


def _stage_path(both: Both) -> Pointer:
    said = at(both.new.source.data, ("spec", "stage")) is not _MISSING
    was = at(both.old.source.data, ("spec", "stage")) is not _MISSING
    return ("spec", "stage") if said or was else ("spec", "stages")


def _by_stage(both: Both, old: KnownTable, request: Request) -> bool:
    """Would the new spec, standing at the old stage, answer as before?"""
    before = both.old.release.stage
    if before == both.new.release.stage or before not in {each.stage for each in both.new.stages}:
        return False
    there = known(both.new, release_at(both.new, before))
    return same(shares_of(decide(there.table, request).route), shares_of(decide(old.table, request).route))


def _taken(both: Both, old: KnownTable, new: KnownTable, found: RoutingDifference) -> Place:
    """A route of the new spec takes the requests: it is new, has another version, or its audience has grown."""
    main = new.section(found.j).main
    route, before = new.routes[main], _counterpart(old, new, main)
    if before is None:
        return place_in(both.new, "new", route.origin)
    if not same(shares_of(before), shares_of(route)):
        return _said_of(both, route)
    return _audience(both, route, found, grown=True) or place_in(both.new, "new", route.origin)


def _said_of(both: Both, route: Route) -> Place:
    """What says who answers a route's audience: its version, its share, or the weights beside which that stands."""
    written = both.new.rollout.spec.routes[int(route.origin[2])]
    was = next((each for each in both.old.rollout.spec.routes if each.name == written.name), written)
    if was.version == written.version and was.share_basis_points == written.share_basis_points:
        return _weights(both)
    key = "version" if was.version != written.version else "share"
    return place_in(both.new, "new", (*route.origin, key))


def _left(both: Both, old: KnownTable, new: KnownTable, found: RoutingDifference) -> Place:
    """A route of the old spec took the requests: it is gone, or its audience has shrunk."""
    main = old.section(found.i).main
    route, after = old.routes[main], _counterpart(new, old, main)
    if after is None:
        gone = _written_again(both, route)
        return place_in(both.new, "new", gone) if gone else place_in(both.old, "old", route.origin)
    return _audience(both, after, found, grown=False) or place_in(both.new, "new", after.origin)


def _written_again(both: Both, route: Route) -> Pointer:
    """Where the new spec has a route of this name that is not active at its stage; () when it has none."""
    for index, written in enumerate(both.new.rollout.spec.routes):
        if written.name == route.name:
            return ("spec", "routes", index, "from")
    return ()


def _counterpart(table: KnownTable, other: KnownTable, index: int) -> Route | None:
    """The route of the same name, or else of one of the same audiences."""
    route, names = other.routes[index], {name for name, _ in other.audiences.get(index, ())}
    written = [each for i, each in enumerate(table.routes) if i < table.rest]
    for each in written:
        if each.name == route.name:
            return each
    for i, each in enumerate(written):
        if table.section(i).main == i and names & {name for name, _ in table.audiences.get(i, ())}:
            return each
    return None


def _audience(both: Both, route: Route, found: RoutingDifference, grown: bool) -> Place | None:
    """The audience whose definition, or the route whose list of audiences, is another one."""
    named = both.new.rollout.spec.routes[int(route.origin[2])].audience
    for name in dict.fromkeys((found.audience, *named)):
        path: Pointer = ("spec", "audiences", name)
        if name and not both.same(path):
            return _entry(both, path, found.request) if grown else both.place(path)
    was = next((each for each in both.old.rollout.spec.routes if each.name == route.name), None)
    if was is not None and set(was.audience) != set(named):
        return place_in(both.new, "new", (*route.origin, "audience"))
    return None


def _entry(both: Both, path: Pointer, request: Request | None) -> Place:
    """The entry that takes the request now."""
    entries = both.new.rollout.spec.audiences.get(str(path[-1]), ())
    for index, entry in enumerate(entries):
        if request is not None and first_met((entry.tests(),), request) is not None:
            return place_in(both.new, "new", (*path, index))
    return both.place(path)


def _weights(both: Both) -> Place:
    """Everyone else goes elsewhere at the same stage: by its weights, by who is stable, or by the ticket's cookie."""
    stage = both.new.release.table.routes[-1].origin
    for path in (
        ("spec", "stable"),
        ("spec", "hold"),
        stage,
        ("spec", "sticky"),
        ("spec", "versions"),
        ("spec", "stages"),
    ):
        if path != ("spec",) and not both.same(path):
            return both.place(path)
    return both.place(_stage_path(both))
