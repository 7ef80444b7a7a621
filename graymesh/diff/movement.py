"""Which users move: buckets whose version is another one before than after."""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diff.known import KnownTable, same, words
from graymesh.diff.model import Move, Shares
from graymesh.diff.sections import Section, shares_of
from graymesh.ir.release import WHOLE, Buckets, Condition, Field, Kind, Test
from graymesh.ir.wording import percent

Strip = tuple[tuple[int, int, int], ...]


def moves(old: KnownTable, new: KnownTable, i: int, j: int) -> Iterator[tuple[Move, int, int, Condition]]:
    """Intervals of users whose version changes, with the routes that take them and what their requests have.

    `i` and `j` are routes of the sections that are compared: everyone else, or an audience, whose users go by one route
    whatever their bucket unless a share of them is drawn. Nothing when users have no buckets or have them in different
    cookies, or when an audience itself asks for buckets.
    """
    before, after = old.section(i), new.section(j)
    cookies = {each.cookie for each in (before, after, old.everyone, new.everyone)} - {""}
    cookie = next(iter(cookies), "")
    if len(cookies) != 1 or any(_asks(each, cookie) for each in (before, after)):
        return
    alike = before.cookie == after.cookie or before.one_version or after.one_version
    if before.strip and after.strip and alike:
        yield from _joined(old, new, cookie, _overlaid(before.strip, after.strip))


def _asks(section: Section, cookie: str) -> bool:
    """Does the audience itself ask for what carries tickets?"""
    route = section.route(section.main)
    carrier = Field(Kind.COOKIE, cookie)
    asked = any(test.field == carrier for tests in (route.condition if route else ()) for test in tests)
    return asked and not section.of_everyone


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
            yield move(old, low, high, before, after), i, j, within


def _merged(parts: Iterator[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    merged: list[tuple[int, int, int, int]] = []
    for low, high, i, j in sorted(parts):
        if merged and merged[-1][1] + 1 == low and merged[-1][2:] == (i, j):
            merged[-1] = (merged[-1][0], high, i, j)
        else:
            merged.append((low, high, i, j))
    return merged


def move(old: KnownTable, low: int, high: int, before: Shares, after: Shares) -> Move:
    """Users of these buckets, or numbers, who had one version and get another; is it back from a canary to stable?"""
    left, came = words(before), words(after)
    back = left in old.canaries and came == old.stable
    return Move(low=low, high=high, old=left, new=came, back=back)


def redrawn(old: KnownTable, new: KnownTable) -> bool:
    """Are users whose version a ticket has kept drawn anew, since another cookie is asked for, or none?"""
    before, after = old.everyone, new.everyone
    return not (before.one_version or after.one_version) and bool(before.cookie) and before.cookie != after.cookie


def ticket_notes(old: KnownTable, new: KnownTable) -> Iterator[str]:
    """What becomes of everyone else's tickets, and of users whose tickets are no longer asked for."""
    before, after = old.everyone, new.everyone
    if after.held and not before.held:
        who = words(after.shares)
        yield f"new users are held: whoever has no ticket gets {who} and none; users with a ticket stay as they are"
    if before.held and not after.held and not after.one_version:
        yield "new users get tickets again, which nobody got while they were held"
    if before.one_version or after.one_version:
        return
    if old.identity != new.identity:
        said = " and then ".join(_digits(table) for table in (old, new))
        yield f"users with an identity are drawn again: it was {said}"
    if before.cookie and not after.cookie:
        yield f"users no longer stay on one version: cookie {before.cookie} is ignored, and each request is drawn anew"
    elif after.cookie and not before.cookie:
        yield f"users now stay on one version, by cookie {after.cookie}"
    elif before.cookie != after.cookie:
        left = _leaving(before.shares, after.shares)
        keys = [next((route.split.key for route in side.routes if route.split.key), None) for side in (old, new)]
        kept = f", of those without {keys[0].kind} {keys[0].name}" if keys[0] and keys[0] == keys[1] else ""
        yield (
            f"all users are drawn again, since their tickets stand in cookie {before.cookie} "
            f"and {after.cookie} is asked for: about {percent(left)} of them change version{kept}"
        )


def _digits(table: KnownTable) -> str:
    """By what of an identity users were told apart."""
    if table.identity is None:
        return "no digits"
    field, digits = table.identity
    return f"the last {digits} digits of {field.kind} {field.name}"


def _leaving(before: Shares, after: Shares) -> int:
    """The part of users, in basis points, that an independent draw takes to another version."""
    stay = dict(after)
    return sum(part * (WHOLE - stay.get(version, 0)) for version, part in before) // WHOLE
