"""What the parts of a spec only say together: weights and their canaries, room for canaries, headers of one name.

Paths of the problems start at the spec.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from graymesh.diagnostic import Note
from graymesh.did_you_mean import listed, quoted
from graymesh.ir.release import WHOLE, Absent, Kind, OneOf, Present
from graymesh.ir.wording import percent
from graymesh.language.audiences import AudienceEntry
from graymesh.language.narrowed import can_be_narrowed
from graymesh.language.policies import Trace
from graymesh.language.problems import Malformed
from graymesh.language.routes import Edge, RouteSpec, Sticky
from graymesh.language.shares import largest_weights, route_weights
from graymesh.language.stages import Stage
from graymesh.language.ticket_cookie import TicketCookie, foreign_domains


def shares(stages: Sequence[Stage], stable: str, canaries: Sequence[str]) -> Iterator[Malformed]:
    """A weight belongs to the only canary; a split names canaries, stable gets the rest."""
    for index, stage in enumerate(stages):
        if stage.split and stable in stage.split:
            message, below = f"{quoted(stable)} is stable and gets the rest", ("stages", index, "split", stable)
            yield Malformed("GM110", message, "leave it out", below=below, at_key=True)
        if stage.weight_basis_points and len(canaries) != 1:
            have = f"there are {listed(canaries)}" if canaries else "there is none"
            advice = (
                f"write split: {{{canaries[0]}: …}}"
                if canaries
                else "add the canary to versions; a version that is retired is none"
            )
            message = f"a weight is for one canary, and {have}"
            yield Malformed("GM110", message, advice, below=("stages", index, "weight"))


def parts(
    routes: Sequence[RouteSpec], stages: Sequence[Stage], stable: str, canaries: Sequence[str]
) -> Iterator[Malformed]:
    """A share of an audience is a canary's, and leaves room for what the other canaries have at the same time."""
    for index, route in enumerate(routes):
        below = ("routes", index, "share")
        if route.share_basis_points is not None and route.version == stable:
            advice = "name a canary; or leave the share out, so that the whole audience stays"
            yield Malformed("GM110", f"{quoted(stable)} is stable and gets what is left", advice, below=below)
        elif route.part_basis_points is not None:
            yield from _beside(route, stages, canaries, below)


def _beside(
    route: RouteSpec, stages: Sequence[Stage], canaries: Sequence[str], below: tuple[str | int, ...]
) -> Iterator[Malformed]:
    names = [stage.name for stage in stages]
    since = names.index(route.active_from) if route.active_from in names else 0
    for number, stage in enumerate(stages[since:], since):
        weights = route_weights(route, stage.weights(canaries))
        if sum(weights.values()) > WHOLE:
            others = WHOLE - sum(weights.values()) + weights[route.version]
            message = (
                f"at stage {quoted(stage.name)} the other canaries have {percent(WHOLE - others)} of the users, "
                f"so {percent(weights[route.version])} do not fit beside them"
            )
            note = Note(("stages", number), "the stage")
            yield Malformed("GM113", message, f"at most {percent(others)}", below=below, notes=(note,))
            return


def room(routes: Sequence[RouteSpec], stages: Sequence[Stage], canaries: Sequence[str]) -> Iterator[Malformed]:
    """With sticky, three canaries or more stand side by side at their largest; two grow towards each other."""
    if not stages:
        message = "there are no stages whose users could be kept"
        yield Malformed("GM110", message, "add stages", below=("sticky",))
    largest = largest_weights(routes, stages, canaries)
    total = sum(largest.values())
    if len(canaries) > 2 and total > WHOLE:
        parts = " and ".join(f"{name} {weight / 100:g}" for name, weight in largest.items())
        words = "weights and shares" if any(route.part_basis_points for route in routes) else "weights"
        message = (
            f"with sticky, the largest {words} of several canaries must fit side by side: "
            f"{parts} are {total / 100:g}, more than 100"
        )
        advice = "lower the largest weight of a canary, or leave sticky out"
        yield Malformed("GM113", message, advice, below=("stages",))


def paths(
    routes: Sequence[RouteSpec], audiences: Mapping[str, Sequence[AudienceEntry]], sticky: Sticky
) -> Iterator[Malformed]:
    """An audience of which a share is drawn may ask for what stickiness asks for as well, where both are one test."""
    key = sticky.key.field if sticky.key and sticky.key.digits else None
    for index, route in enumerate(routes):
        asked = [audiences.get(name, ()) for name in route.audience if route.part_basis_points is not None]
        tests = [test for entries in asked for entry in entries for test in entry.tests()]
        below = ("routes", index, "share")
        matchers = [test.matcher for test in tests if test.field.kind is Kind.PATH]
        if not all(can_be_narrowed(one, other) for one in matchers for other in sticky.excepted):
            message = "the audience asks for a path in a way that cannot be joined with the paths of sticky.except"
            advice = "ask for exact paths or prefixes in both, or leave the share out"
            yield Malformed("GM110", message, advice, below=below)
        if not all(isinstance(test.matcher, OneOf | Present | Absent) for test in tests if test.field == key):
            message = "the audience asks for a part of the identity whose digits decide"
            yield Malformed("GM110", message, "ask for whole identities, or leave the share out", below=below)


def buckets(asked: Sequence[int | None]) -> Iterator[Malformed]:
    """Without sticky, the users of no test have a ticket."""
    for index, bucket in enumerate(asked):
        if bucket is not None:
            message, below = "the release is not sticky, so users have no ticket", ("tests", index, "request", "bucket")
            yield Malformed("GM110", message, "leave it out, or add sticky: {cookie: gray-ticket}", below=below)


def held(hold: str | None) -> Iterator[Malformed]:
    """Without sticky, nobody can tell new users from those who have been drawn."""
    if hold is not None:
        message = "the release is not sticky, so nobody is a new user"
        yield Malformed("GM110", message, "leave it out, or add sticky: {cookie: gray-ticket}", below=("hold",))


def cookie_domain(cookie: TicketCookie, domains: Sequence[str]) -> Iterator[Malformed]:
    """Browsers drop a cookie whose domain is neither that of the host which sets it nor above it (RFC 6265 §5.3)."""
    foreign = foreign_domains(cookie, domains)
    if foreign:
        message = f"browsers drop cookies for {quoted(cookie.domain or '')} from {listed(foreign)}"
        below = ("sticky", "cookie", "domain")
        yield Malformed("GM110", message, "name a domain above all of the service's", below=below)


def preflights(preflight: str | None) -> Iterator[Malformed]:
    """With cors engines answer preflights, so that no version gets any."""
    if preflight is not None:
        message = "with cors the engines answer preflights, and no version gets any"
        yield Malformed("GM110", message, "leave out preflight, or cors", below=("preflight",))


def headers(edge: Edge, trace: Trace) -> Iterator[Malformed]:
    """One request header cannot carry both the lane and the trace."""
    if trace.header == edge.header:
        note = Note(("edge",), "the edge sets it")
        message = f"{quoted(trace.header)} is the lane header too"
        yield Malformed("GM110", message, "choose another header", below=("trace", "header"), notes=(note,))
