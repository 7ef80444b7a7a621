"""The draw: who gets which version when no condition says it, and the ticket by which a user keeps it.

A new user's ticket is `$request_id`, 32 random hex digits; an identity's bucket are four digits, each by a hash of its
own. Versions have the buckets that are theirs, so that a growing weight keeps everybody who is in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from graymesh.ir.buckets import ending
from graymesh.ir.release import TICKET, Field, Route, SetCookie, Share
from graymesh.ir.wording import percent
from graymesh.kit.comments import split_in_words
from graymesh.kit.cookies import attributes
from graymesh.targets.nginx.conditions import COOKIES, REQUEST_ID, identity
from graymesh.targets.nginx.names import Names
from graymesh.targets.nginx.quoting import Part, Value, Variable
from graymesh.targets.nginx.tree import Directive, Item, MapRegex, Remark, mapped, remarks

ROLES: Final = frozenset(["user", "digit", "drawn", "with_ticket"])
"""What the variables of a draw are called."""

_HEX: Final = "0123456789abcdef"
_BUCKET_DIGITS: Final = 4


class Draw(NamedTuple):
    """Blocks that make a draw; the drawn version; and for whoever was drawn a ticket, None without one."""

    items: tuple[Item, ...]
    version: Part
    ticket: Ticket | None = None


class Ticket(NamedTuple):
    """What a user with a new ticket is given: the Set-Cookie header, and the Cookie header for the version."""

    set_cookie: Value
    cookies: Value


class Drawing:
    """The draws of one decision: a user's ticket is the same in all of them, so what gives it is written once."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._ticket: tuple[SetCookie, Ticket] | None = None
        self._digits: dict[Field, Value] = {}

    def draw(self, route: Route) -> Draw:
        """The draw among a route's shares. Raises ValueError when not all shares set the same cookie, or none."""
        shares = [share for share in route.split.shares if share.basis_points]
        cookie = _cookie(shares)
        if len(shares) == 1 and cookie is None:
            return Draw((), shares[0].version)
        heading = (Remark(), *remarks(f"{route.name}: {split_in_words(route.split)}."))
        if cookie is None and route.split.key and shares[0].buckets:
            return self._by_identity(heading, shares, route.split.key)
        if cookie is None:
            return _by_chance(heading, shares, route.split.key, self._names)
        items, version = _by_bucket(heading, (REQUEST_ID,), shares, self._names)
        given, ticket = self._given(cookie)
        return Draw((*items, *given), version, ticket)

    def _given(self, cookie: SetCookie) -> tuple[tuple[Item, ...], Ticket]:
        if self._ticket is not None and self._ticket[0] != cookie:
            raise ValueError("two draws set different cookies")
        if self._ticket is not None:
            return (), self._ticket[1]
        item, ticket = _ticket(cookie, self._names)
        self._ticket = cookie, ticket
        return (item,), ticket

    def _by_identity(self, heading: tuple[Item, ...], shares: Sequence[Share], key: Field) -> Draw:
        """One hash is cut into parts of a hundredth of a percent at the finest, so there are four for four digits."""
        more: list[Item] = [*heading]
        if key not in self._digits:
            user = self._names.own("user")
            digits = [self._names.own("digit") for _ in range(_BUCKET_DIGITS)]
            more.append(identity(key, user))
            for number, digit in enumerate(digits, 1):
                lines = [Directive(percent(10_000 // len(_HEX)), (each,)) for each in _HEX[:-1]]
                more.append(_split((f"{number}:", user), digit, (*lines, Directive("*", (_HEX[-1],)))))
            self._digits[key] = tuple(digits)
        return Draw(*_by_bucket(tuple(more), self._digits[key], shares, self._names))


def _cookie(shares: Sequence[Share]) -> SetCookie | None:
    """The cookie that all shares set."""
    cookies = {share.set_cookie for share in shares}
    if len(cookies) > 1 or any(cookie and cookie.value != TICKET for cookie in cookies):
        raise ValueError("the shares of one draw set different cookies, or one that is no ticket")
    return cookies.pop()


def _by_chance(heading: tuple[Item, ...], shares: Sequence[Share], key: Field | None, names: Names) -> Draw:
    """Each request by itself; the last part takes the rest, since 100% would miss the largest hash."""
    hashed, more = REQUEST_ID, list(heading)
    if key is not None:
        hashed = names.own("user")
        more.append(identity(key, hashed))
    variable = names.own("drawn")
    *first, last = shares
    lines = [Directive(percent(share.basis_points), (share.version,)) for share in first]
    return Draw((*more, _split((hashed,), variable, (*lines, Directive("*", (last.version,))))), variable)


def _split(key: Value, variable: Variable, lines: tuple[Item, ...]) -> Directive:
    return Directive("split_clients", (key, (variable,)), lines)


def _by_bucket(
    items: tuple[Item, ...], source: Value, shares: Sequence[Share], names: Names
) -> tuple[tuple[Item, ...], Part]:
    """The blocks so far with the map from the last four hex digits to versions, and what holds the version."""
    *first, last = shares
    variable = names.own("drawn")
    entries = [(MapRegex(rf"{ending(share.buckets)}\z"), (share.version,)) for share in first]
    return (*items, mapped(source, variable, (last.version,), entries)), variable


def _ticket(cookie: SetCookie, names: Names) -> tuple[Item, Ticket]:
    """The version gets the ticket at once, behind the user's own cookies, so that engines behind do not draw again."""
    set_cookie = (f"{cookie.name}=", REQUEST_ID, attributes(cookie))
    variable = names.own("with_ticket")
    alone: Value = (f"{cookie.name}=", REQUEST_ID)
    behind: Value = (COOKIES, f"; {cookie.name}=", REQUEST_ID)
    return mapped((COOKIES,), variable, behind, [("", alone)]), Ticket(set_cookie, (variable,))
