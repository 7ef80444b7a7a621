"""What a route does with a request, so that two routes that do the same compare equal."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from graymesh.ir.release import Fault, Field, Mirror, Policy, Retries, Route, Share, Split

Effects: TypeAlias = tuple[tuple[str, str, int] | tuple[()], tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]
"""Cookie (name, value, seconds or -1), request headers, response headers."""


class Outcome(NamedTuple):
    """Who gets which part of the requests, by which key, and what else happens.

    Shares of one version and one set of effects are one, when a key draws only neighbours: which users a share takes
    depends on what stands before it. Without a choice there is no key.
    """

    shares: tuple[tuple[str, Effects, int], ...]
    key: Field | None
    policy: Policy


def outcome(route: Route | None) -> Outcome | None:
    """What the route does; None (no route) is an outcome of its own."""
    if route is None:
        return None
    shares = _shares(route.split)
    return Outcome(shares, route.split.key if len(shares) > 1 else None, _policy(route.policy))


def same_outcome(left: Route, right: Route) -> bool:
    """Do both routes do the same?"""
    return (left.split == right.split and left.policy == right.policy) or outcome(left) == outcome(right)


def _shares(split: Split) -> tuple[tuple[str, Effects, int], ...]:
    parts = [((share.version, _effects(share)), share.basis_points) for share in split.shares if share.basis_points]
    if split.key is None:
        parts.sort(key=itemgetter(0))
    groups = groupby(parts, key=itemgetter(0))
    return tuple((version, effects, sum(part for _, part in group)) for (version, effects), group in groups)


def _effects(share: Share) -> Effects:
    cookie = share.set_cookie
    age = -1 if cookie is None or cookie.max_age_seconds is None else cookie.max_age_seconds
    given = (cookie.name, cookie.value, age) if cookie else ()
    return given, tuple(sorted(share.request_headers)), tuple(sorted(share.response_headers))


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
