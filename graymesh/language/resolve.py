"""From the spec as written to the release as meant: defaults, references, the order of routes, tickets and shares.

The decision is a list of routes: the spec's own, then users by their key and by the tickets that they carry, then the
draw for everyone else. A route that takes a share of its audience stands there in the same three parts, for that
audience alone. Targets say it route by route.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from graymesh.diagnostic import Pointer
from graymesh.ir.cohorts import Cohort, Weights, cohort
from graymesh.ir.preflights import PREFLIGHT
from graymesh.ir.release import (
    ALWAYS,
    UNIQUE_ID,
    WHOLE,
    Condition,
    Fault,
    Field,
    Intervals,
    Jwt,
    Kind,
    Lane,
    Mirror,
    Policy,
    Release,
    Retries,
    Route,
    RouteTable,
    Share,
    Split,
    Version,
)
from graymesh.ir.tickets import cohort_name, start_of
from graymesh.language.faults import FaultSpec as WrittenFault
from graymesh.language.model import Rollout, Spec
from graymesh.language.resolve_settings import facts_of
from graymesh.language.resolve_sticky import drawn_by_bucket, held_back
from graymesh.language.shares import largest_weights, route_weights


def stages(rollout: Rollout) -> tuple[str, ...]:
    """Names of the stages in order; empty when the release has none."""
    return tuple(stage.name for stage in rollout.spec.stages)


def resolve(rollout: Rollout, stage: str | None = None, *, as_planned: bool = False) -> Release:
    """The release at a stage: the named one, else where the spec says it stands, else the first.

    A release without stages is at stage "". `as_planned`: as it is when no new users are held. Raises KeyError for a
    stage that the spec does not have.
    """
    start = first_bucket(rollout) if rollout.spec.sticky else 0
    held = rollout.spec.hold == "newUsers" and not as_planned
    standing = _Standing(rollout.spec, _index(rollout, stage), start, held)
    spec = rollout.spec
    return Release(
        name=rollout.metadata.name,
        namespace=rollout.metadata.namespace,
        host=rollout.host,
        port=spec.service.port,
        domains=spec.service.domains,
        stable=spec.stable,
        versions=tuple(versions_of(spec)),
        stage=standing.name,
        table=RouteTable(tuple(_routes(standing))),
        start=standing.start,
        held=standing.held,
        lane=Lane(header=spec.edge.header, edge=spec.edge.target) if spec.edge else None,
        jwt=Jwt(issuer=spec.jwt.issuer, jwks=spec.jwt.jwks, source=spec.jwt.source) if spec.jwt else None,
        facts=facts_of(spec),
        labels=tuple(sorted(rollout.metadata.labels.items())),
        annotations=tuple(sorted(rollout.metadata.annotations.items())),
        audiences=tuple((name, _condition(spec, (name,))) for name in dict.fromkeys(_asked_for(spec))),
        asked=tuple(_asked_fields(spec)),
    )


@dataclass(frozen=True)
class _Standing:
    """A spec at one of its stages; `index` is None when it has none, `start` the first bucket of its first canary.

    New users are not drawn while it is `held`.
    """

    spec: Spec
    index: int | None
    start: int
    held: bool

    @property
    def name(self) -> str:
        return "" if self.index is None else self.spec.stages[self.index].name

    @property
    def origin(self) -> Pointer:
        return ("spec",) if self.index is None else ("spec", "stages", self.index)

    @cached_property
    def weights(self) -> Weights:
        canaries = self.spec.canaries
        return dict.fromkeys(canaries, 0) if self.index is None else self.spec.stages[self.index].weights(canaries)

    def users_of(self, weights: Weights) -> Mapping[str, Intervals]:
        """The buckets of each canary when it has this weight."""
        return {canary: self.cohort.buckets(canary, weight) for canary, weight in weights.items()}

    @cached_property
    def cohort(self) -> Cohort:
        """Where each canary begins: as much as it ever gets stands free, at any stage and for any audience."""
        return cohort(self.start, [largest_weights(self.spec.routes, self.spec.stages, self.spec.canaries)])

    def numbers_of(self, weights: Weights) -> Mapping[str, Intervals]:
        """The numbers of each canary, where the last digits of an identity decide."""
        key = self.spec.sticky.key if self.spec.sticky else None
        if key is None or key.digits is None:
            return {}
        ring = replace(self.cohort, start=key.start, count=10**key.digits)
        return {canary: ring.buckets(canary, weight) for canary, weight in weights.items()}

    def origin_of(self, version: str) -> Pointer:
        """Where the spec says a version's weight; stable has what is left, so the stage says it."""
        if self.index is None or version == self.spec.stable:
            return self.origin
        split = self.spec.stages[self.index].split
        if split is None:
            return (*self.origin, "weight")
        return (*self.origin, "split", version) if version in split else (*self.origin, "split")

    @cached_property
    def policy(self) -> Policy:
        """What holds for every route."""
        resilience, cors = self.spec.resilience, self.spec.cors
        return Policy(
            timeout_ms=resilience.timeout_ms if resilience else None,
            retries=_retries(self.spec),
            cors=cors.meant() if cors else None,
        )

    @cached_property
    def mirrored(self) -> Policy:
        """What holds for the routes of everyone else."""
        mirror = self.spec.mirror
        found = Mirror(mirror.version, mirror.share_basis_points) if mirror and mirror.share_basis_points else None
        return replace(self.policy, mirror=found)

    def share(self, version: str, basis_points: int, origin: Pointer | None = None) -> Share:
        """A share of a version, with what canaries bring along."""
        canary, trace, notice = version != self.spec.stable, self.spec.trace, self.spec.notice
        return Share(
            version=version,
            basis_points=basis_points,
            request_headers=((trace.header, UNIQUE_ID),) if canary and trace else (),
            response_headers=((notice.header, notice.value),) if canary and notice else (),
            origin=self.origin_of(version) if origin is None else origin,
        )


def _index(rollout: Rollout, stage: str | None) -> int | None:
    names = stages(rollout)
    wanted = rollout.spec.stage if stage is None else stage
    if wanted is None:
        return 0 if names else None
    if wanted not in names:
        raise KeyError(wanted)
    return names.index(wanted)


def first_bucket(rollout: Rollout) -> int:
    """The bucket from which the first canary of a sticky release grows upwards."""
    sticky, canaries = rollout.spec.sticky, rollout.spec.canaries
    if sticky and sticky.start is not None:
        return sticky.start
    own = cohort_name(rollout.metadata.namespace, rollout.metadata.name, (*canaries, "")[0])
    return start_of((sticky.cohort if sticky else None) or own)


def versions_of(spec: Spec) -> Iterator[Version]:
    """The versions in the order of the spec, with their defaults."""
    canaries = spec.canaries
    for name, version in spec.versions.items():
        labels = version.labels if version.labels is not None else {"version": name}
        yield Version(
            name=name,
            labels=tuple(sorted(labels.items())),
            endpoints=tuple(sorted(version.endpoints)),
            canary=name in canaries,
            retired=version.retired,
            image=version.image or "",
            replicas=version.replicas,
            origin=("spec", "versions", name),
        )


def _routes(standing: _Standing) -> Iterator[Route]:
    if standing.spec.preflight == "stable":
        yield _preflights(standing)
    yield from _audience_routes(standing)
    everyone = Route(
        name="everyone",
        condition=ALWAYS,
        split=Split(tuple(_shares(standing, standing.weights))),
        policy=standing.mirrored,
        origin=standing.origin,
    )
    yield from _drawn(standing, everyone, standing.weights)


def _drawn(standing: _Standing, route: Route, weights: Weights, prefix: str = "") -> Iterator[Route]:
    """The route, behind those for users who are known already; their names begin with `prefix`."""
    sticky, shares = standing.spec.sticky, route.split.shares
    if sticky is None or len(shares) < 2:
        yield route
        return
    stable = standing.share(standing.spec.stable, WHOLE)
    users, numbers = standing.users_of(weights), standing.numbers_of(weights)
    drawn = drawn_by_bucket(sticky, shares, users, stable, numbers, route.condition)
    drawn = held_back(drawn, stable) if standing.held else drawn
    for name, condition, split in drawn.before:
        of_weight = not prefix and len(split.shares) == 1
        origin = split.shares[0].origin if of_weight else route.origin
        yield replace(route, name=f"{prefix}{name}", condition=condition, split=split, origin=origin)
    yield replace(route, split=drawn.split)


def _preflights(standing: _Standing) -> Route:
    """To stable before anybody is looked at or drawn, so that no ticket is handed out for them."""
    origin: Pointer = ("spec", "preflight")
    split = Split((standing.share(standing.spec.stable, WHOLE, origin=origin),))
    return Route(name="preflights", condition=PREFLIGHT, split=split, policy=standing.policy, origin=origin)


def _audience_routes(standing: _Standing) -> Iterator[Route]:
    names = [stage.name for stage in standing.spec.stages]
    for index, route in enumerate(standing.spec.routes):
        if route.active_from and names.index(route.active_from) > (standing.index or 0):
            continue
        origin: Pointer = ("spec", "routes", index)
        policy = replace(standing.policy, fault=_fault(route.fault))
        condition = _condition(standing.spec, route.audience)
        weights = route_weights(route, standing.weights)
        share = standing.share(route.version, WHOLE, origin=(*origin, "version"))
        shares = (share,) if route.part_basis_points is None else _shares(standing, weights)
        whole = Route(name=route.name, condition=condition, split=Split(tuple(shares)), policy=policy, origin=origin)
        yield from _drawn(standing, whole, weights, f"{route.name}_")  # no name of the spec has an underscore


def _asked_for(spec: Spec) -> Iterator[str]:
    """The audiences of all routes."""
    for route in spec.routes:
        yield from route.audience


def _asked_fields(spec: Spec) -> Iterator[tuple[Field, Pointer]]:
    """What routes and draws look at, at any stage; each field once, where the spec first asks for it."""
    found: dict[Field, Pointer] = {}
    for name in dict.fromkeys(_asked_for(spec)):
        for number, entry in enumerate(spec.audiences[name]):
            for test in entry.tests():
                found.setdefault(test.field, ("spec", "audiences", name, number))
    if spec.sticky and spec.sticky.key:
        found.setdefault(spec.sticky.key.field, ("spec", "sticky", "key"))
    if spec.sticky and spec.sticky.excepted:
        found.setdefault(Field(Kind.PATH), ("spec", "sticky", "except"))
    yield from found.items()


def _condition(spec: Spec, audiences: tuple[str, ...]) -> Condition:
    """Any entry of any of the audiences, in order, each once."""
    entries = (entry.tests() for name in audiences for entry in spec.audiences[name])
    return tuple(dict.fromkeys(entries))


def _shares(standing: _Standing, weights: Weights) -> Iterator[Share]:
    for canary, weight in weights.items():
        if weight:
            yield standing.share(canary, weight)
    rest = WHOLE - sum(weights.values())
    if rest:
        yield standing.share(standing.spec.stable, rest)


def _retries(spec: Spec) -> Retries | None:
    written = spec.resilience.retries if spec.resilience else None
    if written is None:
        return None
    return Retries(
        attempts=written.attempts,
        per_try_ms=written.per_try_ms,
        on=tuple(sorted(written.on or ())),
        every_method=written.methods == "all",
    )


def _fault(written: WrittenFault | None) -> Fault | None:
    """A part with no share of the requests is the same as none."""
    delay = written.delay if written and written.delay and written.delay.share_basis_points else None
    abort = written.abort if written and written.abort and written.abort.share_basis_points else None
    if not delay and not abort:
        return None
    return Fault(
        delay_ms=delay.time_ms if delay else 0,
        delay_basis_points=delay.share_basis_points if delay else 0,
        abort_status=abort.status if abort else 0,
        abort_basis_points=abort.share_basis_points if abort else 0,
    )
