"""What else two routes do differently with a request, besides who answers it."""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.release import Policy, Route
from graymesh.ir.wording import cookie_in_words, headers_in_words, policy_in_words
from graymesh.proof.outcomes import outcome

NONE = "none"
Effect = tuple[str, str, str, str]
"""What, the version that it comes with ("" for all), before, after."""


def effects(old: Route, new: Route, crossing: bool) -> Iterator[Effect]:
    """Effects that differ. Requests that cross between an audience and everyone else, or an audience of which a share
    is drawn, draw a ticket or stop to: that is no effect of its own and left out when `crossing` is set."""
    yield from _policies(old, new)
    yield from _headers(old, new)
    if not crossing:
        yield from _cookies(old, new)
        yield from _keys(old, new)


def _policies(old: Route, new: Route) -> Iterator[Effect]:
    before, after = policy_in_words(_meant(old)), policy_in_words(_meant(new))
    for what in dict.fromkeys([*before, *after]):
        if before.get(what) != after.get(what):
            yield what, "", before.get(what, NONE), after.get(what, NONE)


def _meant(route: Route) -> Policy:
    """The policy without what happens to nobody."""
    found = outcome(route)
    return found.policy if found else Policy()


def _headers(old: Route, new: Route) -> Iterator[Effect]:
    """By version, for those that get requests of both routes."""
    before, after = _by_version(old), _by_version(new)
    for version in before:
        if version not in after:
            continue
        for what, left, right in zip(
            ("request header", "response header"), before[version], after[version], strict=True
        ):
            if left != right:
                yield what, version, left or NONE, right or NONE


def _by_version(route: Route) -> dict[str, tuple[str, str]]:
    return {
        share.version: (headers_in_words(share.request_headers), headers_in_words(share.response_headers))
        for share in route.split.shares
        if share.basis_points
    }


def _cookies(old: Route, new: Route) -> Iterator[Effect]:
    before, after = _drawn(old), _drawn(new)
    if before != after:
        yield "ticket", "", before or NONE, after or NONE


def _drawn(route: Route) -> str:
    """The cookies that a draw gives, whoever gets them."""
    given = (cookie_in_words(share) for share in route.split.shares if share.set_cookie and share.basis_points)
    return ", ".join(dict.fromkeys(given))


def _keys(old: Route, new: Route) -> Iterator[Effect]:
    before, after = _key(old), _key(new)
    if before != after:
        yield "key of the draw", "", before, after


def _key(route: Route) -> str:
    found = outcome(route)
    return f"{found.key.kind} {found.key.name}".strip() if found and found.key else NONE
