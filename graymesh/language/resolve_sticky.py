"""From a stage's shares to the routes by which users keep their version: the key, then the ticket, then the draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from graymesh.ir.buckets import ALL, last_digits
from graymesh.ir.cohorts import rest
from graymesh.ir.release import (
    ALWAYS,
    WHOLE,
    Absent,
    Buckets,
    Condition,
    Conjunction,
    Field,
    Intervals,
    Kind,
    OneOf,
    Present,
    Regex,
    Share,
    Split,
    Test,
)
from graymesh.language.narrowed import narrowed
from graymesh.language.routes import Sticky


@dataclass(frozen=True, slots=True)
class Drawn:
    """Routes (name, condition, split) for users who are known already, and the split of everybody who is left."""

    before: tuple[tuple[str, Condition, Split], ...]
    split: Split


def drawn_by_bucket(
    sticky: Sticky,
    shares: Sequence[Share],
    users: Mapping[str, Intervals],
    stable: Share,
    numbers: Mapping[str, Intervals],
    of: Condition = ALWAYS,
) -> Drawn:
    """The draw among these shares, of which two at least get something, by the canaries' buckets.

    `stable` is its share of those who are not drawn, as long as it has one of those who are; `numbers` are the
    canaries' where digits decide; `of` says who is drawn.
    """
    taken = [replace(share, buckets=users[share.version]) for share in shares if share.version != stable.version]
    left = rest(share.buckets for share in taken)
    taken += [replace(share, buckets=left) for share in shares if share.version == stable.version]
    cookie = sticky.cookie.given(sticky.max_age_seconds)
    new = tuple(replace(share, set_cookie=cookie) for share in taken)
    known = tuple(_known(sticky, taken, numbers))
    other = undrawn(shares, stable)
    before = (*_excepted(sticky, known, other), *known)
    within = ((name, _both(of, condition), split) for name, condition, split in before)
    met = tuple(each for each in within if each[1])
    return Drawn(met, Split(new, otherwise=other))


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
    paths = tuple((Test(Field(Kind.PATH), matcher),) for matcher in sticky.excepted)
    if paths:
        away = [*known]
        while away and {share.version for share in away[-1][2].shares} == {other.version}:
            away.pop()  # everybody who is left gets that one
        yield from ((f"excepted-{name}", _both(paths, condition), split) for name, condition, split in away)
        yield "excepted", paths, Split((other,))


def _both(left: Condition, right: Condition) -> Condition:
    """Whoever meets both, without what nobody can meet."""
    if ALWAYS in (left, right):
        return right if left == ALWAYS else left
    pairs = (_joined(these, those) for these in left for those in right)
    return tuple(dict.fromkeys(tests for tests in pairs if tests is not None))


def _joined(left: Conjunction, right: Conjunction) -> Conjunction | None:
    """All tests of both, by field; None when they exclude each other."""
    found = dict.fromkeys(left)
    for test in right:
        asked = [each for each in found if each.field == test.field]
        if isinstance(test.matcher, Present) and asked:
            if any(isinstance(each.matcher, Absent) for each in asked):
                return None
            continue  # whatever else they ask of it, it is there
        if asked and (test.field.kind is Kind.PATH or isinstance(asked[0].matcher, Absent | Present | OneOf)):
            matcher = narrowed(asked[0].matcher, test.matcher)
            if matcher is None:
                return None
            del found[asked[0]]
            test = Test(test.field, matcher)
        found[test] = None
    return tuple(sorted(found, key=_field))


def _field(test: Test) -> Field:
    return test.field


def held_back(drawn: Drawn, stable: Share) -> Drawn:
    """The same for users who are known already, by key or ticket; everybody else gets stable, and no ticket."""
    return Drawn(drawn.before, Split((_alone(stable),)))


def _known(
    sticky: Sticky, shares: Sequence[Share], numbers: Mapping[str, Intervals]
) -> Iterator[tuple[str, Condition, Split]]:
    if sticky.key and sticky.key.digits:
        yield from _numbered(sticky.key.field, sticky.key.digits, shares, numbers)
    elif sticky.key:
        yield "keyed", ((Test(sticky.key.field, Present()),),), Split(tuple(shares), sticky.key.field)
    for index, share in enumerate(shares):
        buckets = ALL if index == len(shares) - 1 else share.buckets
        carried = Test(Field(Kind.COOKIE, sticky.cookie.name), Buckets(buckets))
        yield f"ticket-{share.version}", ((carried,),), Split((_alone(share),))


def _numbered(
    key: Field, digits: int, shares: Sequence[Share], numbers: Mapping[str, Intervals]
) -> Iterator[tuple[str, Condition, Split]]:
    """Users by the last digits of their identity. A small share may have no number; the last one takes the rest."""
    *first, last = shares
    for share in first:
        if numbers[share.version]:
            ends = Regex(last_digits(digits, numbers[share.version]))
            yield f"digits-{share.version}", ((Test(key, ends),),), Split((_alone(share),))
    every = Regex(last_digits(digits, ((0, 10**digits - 1),)))
    yield f"digits-{last.version}", ((Test(key, every),),), Split((_alone(last),))


def _alone(share: Share) -> Share:
    """The same version for all who come here."""
    return replace(share, basis_points=WHOLE, buckets=())
