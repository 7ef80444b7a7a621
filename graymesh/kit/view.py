"""The release as one target must enforce it: what it decides, and what of the spec it can say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from graymesh.ir.cohorts import grid
from graymesh.ir.features import conjunction_features
from graymesh.ir.plan import NO_PLAN, Plan
from graymesh.ir.preflights import PREFLIGHT
from graymesh.ir.release import (
    ALWAYS,
    UNIQUE_ID,
    WHOLE,
    Field,
    Kind,
    Lane,
    OneOf,
    Policy,
    Release,
    Route,
    RouteTable,
    Share,
    Split,
    Test,
)
from graymesh.ir.semantics import inside
from graymesh.ir.settings import SPEC_SETTINGS
from graymesh.kit.retries import by_route
from graymesh.kit.target import HostTable, Manifest, Role, View

Can: TypeAlias = Callable[[str], bool]
Headers: TypeAlias = tuple[tuple[str, str], ...]


def role_of(release: Release, manifest: Manifest) -> Role:
    """Does the target decide alone, as the edge, or follow the edge's lane header?"""
    if release.lane is None:
        return "alone"
    return "edge" if release.lane.edge in (manifest.name, manifest.companion) else "follower"


def view(
    release: Release,
    manifest: Manifest,
    options: Mapping[str, Any],
    plan: Plan = NO_PLAN,
    spec: str = "",
    beside: Manifest | None = None,
) -> View:
    """The release as this target must enforce it; what it cannot say, and lint has let pass, is left out.

    Options that nobody sets have their declared defaults.

    A target that chooses no version has no tables of its own. It sees its companion's, since its rules may speak of
    their routes: as the one `beside` it has them, or undiminished where there is none.
    """
    role = role_of(release, manifest)
    can = manifest.can
    routing = manifest if manifest.routes else beside
    tables = tuple(_tables(release, role, manifest, routing.can if routing else _everything))
    if not manifest.retries_by_method:
        tables = tuple(replace(each, table=by_route(each.table)) for each in tables)
    own, companion = (tables, ()) if manifest.routes else ((), tables)
    facts = {key: value for key, value in release.facts.items() if can(SPEC_SETTINGS.of(key[1]).feature)}
    return View(
        release=release,
        role=role,
        tables=own,
        companion=companion,
        facts=facts,
        options={**manifest.defaults, **options},
        plan=_planned(plan, can),
        spec=spec,
    )


def lane_table(release: Release, lane: Lane) -> RouteTable:
    """What a follower decides: the version that the lane header names, else stable."""
    policy = replace(release.table.routes[-1].policy, mirror=None, fault=None)
    lane_field = Field(Kind.HEADER, lane.header)
    routes = [
        Route(
            name=f"lane-{version.name}",
            condition=((Test(lane_field, OneOf((version.name,))),),),
            split=_only(version.name),
            policy=policy,
            origin=version.origin,
        )
        for version in release.versions
        if version.canary
    ]
    return RouteTable((*routes, Route(name="stable", condition=ALWAYS, split=_only(release.stable), policy=policy)))


def drawn_by(table: RouteTable, manifest: Manifest, start: int) -> RouteTable:
    """The table as the target's engine draws: by the ids of requests, its own or the callers', or among a few tickets.

    A grid gives each of its tickets the same weight; a version has those that lie in its buckets.
    """
    if not any(route.split.otherwise for route in table.routes):
        return table
    return RouteTable(tuple(replace(route, split=_drawn(route.split, manifest, start)) for route in table.routes))


def _drawn(split: Split, manifest: Manifest, start: int) -> Split:
    if split.otherwise is None:
        return split
    if manifest.ticket_grid:
        tickets = grid(start, manifest.ticket_grid)
        owners = ((next(s for s in split.shares if inside(ticket, s.buckets)), ticket) for ticket in tickets)
        part = WHOLE // manifest.ticket_grid
        shares = (replace(share, basis_points=part, buckets=((ticket, ticket),)) for share, ticket in owners)
        return Split(tuple(shares), split.key)
    return split if manifest.callers_ids else replace(split, otherwise=None)


def _planned(plan: Plan, can: Can) -> Plan:
    """The plan without the guards that are given up."""
    guards = plan.guards
    kept = replace(
        guards,
        error_rate=guards.error_rate if can("guards.errorRate") else None,
        latency=guards.latency if can("guards.latency") else None,
        cpu=guards.cpu if can("guards.cpu") else None,
        memory=guards.memory if can("guards.memory") else None,
        coverage=guards.coverage if can("guards.coverage") else None,
    )
    return plan if kept == guards else replace(plan, guards=kept)


def _everything(_name: str) -> bool:
    return True


def _only(version: str) -> Split:
    return Split((Share(version=version, basis_points=WHOLE),))


def _tables(release: Release, role: Role, manifest: Manifest, can: Can) -> Iterator[HostTable]:
    public = release.domains if "public" in manifest.serves else ()
    internal = (release.host,) if "internal" in manifest.serves else ()
    if not public and not internal:
        internal = (release.host,)
    lane, unasked = release.lane, manifest.retries_unasked
    if lane is None:
        full = _adapted(drawn_by(release.table, manifest, release.start), can, unasked)
        yield HostTable(hosts=(*public, *internal), table=full, public=bool(public))
        return
    if role == "follower":
        # the edge has answered browsers already
        follow = _without_cors(_adapted(lane_table(release, lane), can, unasked))
        yield HostTable(hosts=(*public, *internal), table=follow, public=bool(public))
        return
    full = _with_lane(_adapted(drawn_by(release.table, manifest, release.start), can, unasked), lane)
    if public and internal:
        yield HostTable(hosts=public, table=full, public=True)
        yield HostTable(hosts=internal, table=_adapted(lane_table(release, lane), can, unasked), public=False)
        return
    yield HostTable(hosts=(*public, *internal), table=full, public=bool(public))


def _without_cors(table: RouteTable) -> RouteTable:
    return RouteTable(tuple(replace(each, policy=replace(each.policy, cors=None)) for each in table.routes))


def _adapted(table: RouteTable, can: Can, unasked: bool) -> RouteTable:
    """The table without what is given up: a route whose every conjunction is given up takes nobody, so it goes.

    What loses nothing stays the same object: most targets give up little, and copies cost a large compile a lot.
    """
    routes = []
    for route in table.routes:
        if route.split.key and not can("sticky.key"):
            continue
        if route.condition == PREFLIGHT and not can("preflight"):
            continue
        condition = tuple(tests for tests in route.condition if all(map(can, conjunction_features(tests))))
        if condition:
            split, policy = _split(route.split, can), _policy(route.policy, can, unasked)
            whole = len(condition) == len(route.condition) and split is route.split and policy is route.policy
            routes.append(route if whole else replace(route, condition=condition, split=split, policy=policy))
    return RouteTable(tuple(routes))


def _split(split: Split, can: Can) -> Split:
    if can("notice") and can("trace"):
        return split
    shares = tuple(_share(share, can) for share in split.shares)
    otherwise = split.otherwise and _share(split.otherwise, can)
    return split if shares == split.shares else replace(split, shares=shares, otherwise=otherwise)


def _share(share: Share, can: Can) -> Share:
    kept = tuple(header for header in share.request_headers if can("trace") or header[1] != UNIQUE_ID)
    told = share.response_headers if can("notice") else ()
    if kept == share.request_headers and told == share.response_headers:
        return share
    return _with_headers(share, kept, told)


def _with_headers(share: Share, request: Headers, response: Headers) -> Share:
    """The share with other headers; `replace` takes four times as long, and a large compile makes many."""
    return Share(
        version=share.version,
        basis_points=share.basis_points,
        buckets=share.buckets,
        set_cookie=share.set_cookie,
        request_headers=request,
        response_headers=response,
        origin=share.origin,
    )


def _policy(policy: Policy, can: Can, unasked: bool) -> Policy:
    retries = policy.retries if can("retries") else None
    if retries and retries.attempts == 0 and not unasked:
        retries = None
    if retries and retries.per_try_ms is not None and not can("retries.perTry"):
        retries = replace(retries, per_try_ms=None)
    kept = Policy(
        timeout_ms=policy.timeout_ms if can("timeout") else None,
        retries=retries,
        mirror=policy.mirror if can("mirror") else None,
        fault=policy.fault if can("fault") else None,
        cors=policy.cors if can("cors") else None,
    )
    return policy if kept == policy else kept


def _with_lane(table: RouteTable, lane: Lane) -> RouteTable:
    return RouteTable(tuple(replace(route, split=_split_with_lane(route.split, lane)) for route in table.routes))


def _split_with_lane(split: Split, lane: Lane) -> Split:
    otherwise = split.otherwise and _share_with_lane(split.otherwise, lane)
    return replace(split, shares=tuple(_share_with_lane(share, lane) for share in split.shares), otherwise=otherwise)


def _share_with_lane(share: Share, lane: Lane) -> Share:
    request = {**dict(share.request_headers), lane.header: share.version}
    return _with_headers(share, tuple(sorted(request.items())), share.response_headers)
