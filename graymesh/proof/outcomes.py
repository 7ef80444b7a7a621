"""What a route does with a request, so that two routes that do the same compare equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from graymesh.ir.buckets import joined
from graymesh.ir.cohorts import basis_points, rest, size
from graymesh.ir.release import (
    BUCKET_COUNT,
    WHOLE,
    Fault,
    Field,
    Intervals,
    Mirror,
    Policy,
    Retries,
    Route,
    SetCookie,
    Share,
    Split,
)

Effects: TypeAlias = tuple[SetCookie | None, tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]
"""Cookie, request headers, response headers."""

Part: TypeAlias = tuple[str, Effects, int, Intervals]
"""Version, effects, basis points (0 where buckets alone say how much) and buckets (none where chance alone decides)."""


class Outcome(NamedTuple):
    """Who gets which part of the requests, by which key, and what else happens.

    Shares of one version and one set of effects are one. Where a key draws without buckets only neighbours are: which
    users a share takes depends on what stands before it. Without a choice there is no key.
    """

    shares: tuple[Part, ...]
    key: Field | None
    policy: Policy
    otherwise: tuple[str, Effects] | None


def outcome(route: Route | None) -> Outcome | None:
    """What the route does; None (no route) is an outcome of its own."""
    if route is None:
        return None
    shares = _shares(route.split)
    other = route.split.otherwise
    otherwise = (other.version, _effects(other)) if other else None
    return Outcome(shares, route.split.key if len(shares) > 1 else None, _policy(route.policy), otherwise)


def same_outcome(left: Route, right: Route) -> bool:
    """Do both routes do the same?"""
    return (left.split == right.split and left.policy == right.policy) or outcome(left) == outcome(right)


def _shares(split: Split) -> tuple[Part, ...]:
    given = [share for share in split.shares if share.basis_points or share.buckets]
    if any(share.buckets for share in given):
        return _by_buckets(given)
    parts = [((share.version, _effects(share)), share.basis_points) for share in split.shares if share.basis_points]
    if split.key is None:
        parts.sort(key=repr)
    groups = groupby(parts, key=itemgetter(0))
    return tuple((version, effects, sum(part for _, part in group), ()) for (version, effects), group in groups)


def _by_buckets(shares: Sequence[Share]) -> tuple[Part, ...]:
    """Who gets what, whatever the order: by buckets alone where they are drawn evenly and all are there."""
    parts = [(share.version, _effects(share), share.basis_points, share.buckets) for share in shares]
    whole = rest(share.buckets for share in shares) == () and sum(map(_size, shares)) == BUCKET_COUNT
    if not whole or any(share.basis_points != basis_points(share.buckets) for share in shares):
        return tuple(sorted(parts, key=repr))
    found: dict[tuple[str, Effects], list[tuple[int, int]]] = {}
    for version, effects, _, buckets in parts:
        found.setdefault((version, effects), []).extend(buckets)
    if len(found) == 1 and not shares[0].set_cookie:
        return ((*next(iter(found)), WHOLE, ()),)
    return tuple(sorted(((*who, 0, joined(spans)) for who, spans in found.items()), key=itemgetter(0, 3)))


def _size(share: Share) -> int:
    return size(share.buckets)


def _effects(share: Share) -> Effects:
    return share.set_cookie, tuple(sorted(share.request_headers)), tuple(sorted(share.response_headers))


def _policy(policy: Policy) -> Policy:
    if policy.mirror is None and policy.fault is None and policy.retries is None:
        return policy
    return replace(policy, mirror=_mirror(policy.mirror), fault=_fault(policy.fault), retries=_retries(policy.retries))


def _mirror(mirror: Mirror | None) -> Mirror | None:
    return mirror if mirror and mirror.basis_points else None


def _fault(fault: Fault | None) -> Fault | None:
    """A part that happens to nobody is no part."""
    if fault is None:
        return None
    delay = fault.delay_ms if fault.delay_basis_points else 0
    abort = fault.abort_status if fault.abort_basis_points else 0
    kept = Fault(
        delay_ms=delay,
        delay_basis_points=fault.delay_basis_points if delay else 0,
        abort_status=abort,
        abort_basis_points=fault.abort_basis_points if abort else 0,
    )
    return None if kept == Fault() else kept


def _retries(retries: Retries | None) -> Retries | None:
    return replace(retries, on=tuple(sorted(set(retries.on)))) if retries else None
