"""From a stage's shares to the routes by which users keep their version: the key, then the ticket, then the draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from graymesh.ir.buckets import ALL
from graymesh.ir.cohorts import rest
from graymesh.ir.release import (
    WHOLE,
    Buckets,
    Condition,
    Field,
    Intervals,
    Kind,
    Present,
    Share,
    Split,
    Test,
)
from graymesh.language.routes import Sticky


@dataclass(frozen=True, slots=True)
class Drawn:
    """Routes (name, condition, split) for users who are known already, and the split of everybody who is left."""

    before: tuple[tuple[str, Condition, Split], ...]
    split: Split


def drawn_by_bucket(sticky: Sticky, shares: Sequence[Share], users: Mapping[str, Intervals], stable: Share) -> Drawn:
    """The draw among these shares, of which two at least get something, by the canaries' buckets.

    `stable` is its share of those who are not drawn, as long as it has one of those who are.
    """
    taken = [replace(share, buckets=users[share.version]) for share in shares if share.version != stable.version]
    left = rest(share.buckets for share in taken)
    taken += [replace(share, buckets=left) for share in shares if share.version == stable.version]
    cookie = sticky.cookie.given(sticky.max_age_seconds)
    new = tuple(replace(share, set_cookie=cookie) for share in taken)
    known = tuple(_known(sticky, taken))
    other = undrawn(shares, stable)
    return Drawn((*_excepted(sticky, known, other), *known), Split(new, otherwise=other))


def undrawn(shares: Sequence[Share], stable: Share) -> Share:
    """The share of those who are not drawn and have no ticket: stable's, as long as it has one of those who are.

    Without one stable may not even run. Nobody knows how many they are, so they go where the plan sends most, to the
    first of several: a canary that is meant for little must not get them all.
    """
    if any(share.version == stable.version for share in shares):
        return _alone(stable)
    return _alone(max(shares, key=lambda share: share.basis_points))


def _excepted(
    sticky: Sticky, known: Sequence[tuple[str, Condition, Split]], other: Share
) -> Iterator[tuple[str, Condition, Split]]:
    """On paths that hand out no tickets: the same users by key or ticket, and everybody else undrawn."""
    paths = tuple(Test(Field(Kind.PATH), matcher) for matcher in sticky.excepted)
    if paths:
        last = {share.version for share in known[-1][2].shares}
        for name, condition, split in known[:-1] if last == {other.version} else known:
            both = tuple(tuple(sorted((*tests, path), key=_field)) for path in paths for tests in condition)
            yield f"excepted-{name}", both, split
        yield "excepted", tuple((path,) for path in paths), Split((other,))


def _field(test: Test) -> Field:
    return test.field


def held_back(drawn: Drawn, stable: Share) -> Drawn:
    """The same for users who are known already, by key or ticket; everybody else gets stable, and no ticket."""
    return Drawn(drawn.before, Split((_alone(stable),)))


def _known(sticky: Sticky, shares: Sequence[Share]) -> Iterator[tuple[str, Condition, Split]]:
    if sticky.key:
        yield "keyed", ((Test(sticky.key, Present()),),), Split(tuple(shares), sticky.key)
    for index, share in enumerate(shares):
        buckets = ALL if index == len(shares) - 1 else share.buckets
        carried = Test(Field(Kind.COOKIE, sticky.cookie.name), Buckets(buckets))
        yield f"ticket-{share.version}", ((carried,),), Split((_alone(share),))


def _alone(share: Share) -> Share:
    """The same version for all who come here."""
    return replace(share, basis_points=WHOLE, buckets=())
