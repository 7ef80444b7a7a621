"""Which users move: buckets whose version is another one before than after."""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diff.known import KnownTable, same, shares_of, words
from graymesh.diff.model import Move, Shares
from graymesh.ir.release import BUCKET_COUNT, WHOLE, Buckets, Condition, Field, Kind, Test
from graymesh.ir.wording import percent

Strip = tuple[tuple[int, int, int], ...]


def moves(
    old: KnownTable, new: KnownTable, i: int | None = None, j: int | None = None
) -> Iterator[tuple[Move, int, int, Condition]]:
    """Intervals of users whose version changes, with the routes that take them and what their requests have.

    `i` or `j` name a route for an audience, whose users go by it whatever their bucket; None is everyone else. Nothing
    when users have no buckets or have them in different cookies, or when the audience itself asks for buckets.
    """
    cookie = old.cookie or new.cookie
    if any(_asks(table, index, cookie) for table, index in ((old, i), (new, j))):
        return
    if not cookie or {old.cookie, new.cookie} - {cookie, ""}:
        return
    before, after = _strip(old, i), _strip(new, j)
    alike = old.cookie == new.cookie or old.one_version or new.one_version
    if before and after and (alike or (i is not None) != (j is not None)):
        yield from _joined(old, new, cookie, _overlaid(before, after))


def _asks(table: KnownTable, index: int | None, cookie: str) -> bool:
    route = table.route(index) if index is not None and index < table.rest else None
    return any(
        test.field == Field(Kind.COOKIE, cookie) for tests in (route.condition if route else ()) for test in tests
    )


def _strip(table: KnownTable, index: int | None) -> Strip:
    if index is None or index >= table.rest:
        return table.strip
    return ((0, BUCKET_COUNT - 1, index),)


def _overlaid(before: Strip, after: Strip) -> Iterator[tuple[int, int, int, int]]:
    for low, high, i in before:
        for first, last, j in after:
            if first <= high and low <= last:
                yield max(low, first), min(high, last), i, j


def _joined(
    old: KnownTable, new: KnownTable, cookie: str, parts: Iterator[tuple[int, int, int, int]]
) -> Iterator[tuple[Move, int, int, Condition]]:
    """Neighbours that move alike as one."""
    for low, high, i, j in _merged(parts):
        before, after = shares_of(old.route(i)), shares_of(new.route(j))
        if not same(before, after):
            within = ((Test(Field(Kind.COOKIE, cookie), Buckets(((low, high),))),),)
            yield _move(old, low, high, before, after), i, j, within


def _merged(parts: Iterator[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    merged: list[tuple[int, int, int, int]] = []
    for low, high, i, j in sorted(parts):
        if merged and merged[-1][1] + 1 == low and merged[-1][2:] == (i, j):
            merged[-1] = (merged[-1][0], high, i, j)
        else:
            merged.append((low, high, i, j))
    return merged


def _move(old: KnownTable, low: int, high: int, before: Shares, after: Shares) -> Move:
    left, came = words(before), words(after)
    back = left in old.canaries and came == old.stable
    return Move(low=low, high=high, old=left, new=came, back=back)


def redrawn(old: KnownTable, new: KnownTable) -> bool:
    """Are users whose version a ticket has kept drawn anew, since another cookie is asked for, or none?"""
    return not (old.one_version or new.one_version) and bool(old.cookie) and old.cookie != new.cookie


def ticket_notes(old: KnownTable, new: KnownTable) -> Iterator[str]:
    """What becomes of users' tickets, and of users whose tickets are no longer asked for."""
    if new.held and not old.held:
        who = words(new.versions_of(new.rest))
        yield f"new users are held: whoever has no ticket gets {who} and none; users with a ticket stay as they are"
    if old.held and not new.held and not new.one_version:
        yield "new users get tickets again, which nobody got while they were held"
    if old.one_version or new.one_version:
        return
    if old.cookie and not new.cookie:
        yield f"users no longer stay on one version: cookie {old.cookie} is ignored, and each request is drawn anew"
    elif new.cookie and not old.cookie:
        yield f"users now stay on one version, by cookie {new.cookie}"
    elif old.cookie != new.cookie:
        left = _leaving(old.versions_of(old.rest), new.versions_of(new.rest))
        keys = [next((route.split.key for route in side.routes if route.split.key), None) for side in (old, new)]
        kept = f", of those without {keys[0].kind} {keys[0].name}" if keys[0] and keys[0] == keys[1] else ""
        yield (
            f"all users are drawn again, since their tickets stand in cookie {old.cookie} "
            f"and {new.cookie} is asked for: about {percent(left)} of them change version{kept}"
        )


def _leaving(before: Shares, after: Shares) -> int:
    """The part of users, in basis points, that an independent draw takes to another version."""
    stay = dict(after)
    return sum(part * (WHOLE - stay.get(version, 0)) for version, part in before) // WHOLE
