"""The draw: who gets which version when no condition says it, and the cookie by which a user keeps it.

The canary's parts stand first, so that a growing weight keeps everybody who is in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from graymesh.ir.release import Field, Route, SetCookie, Share
from graymesh.ir.wording import percent
from graymesh.kit.comments import bucket_ranges, range_in_words, split_in_words
from graymesh.targets.nginx.conditions import REQUEST_ID, exact, identity
from graymesh.targets.nginx.names import Names
from graymesh.targets.nginx.quoting import Part, Value
from graymesh.targets.nginx.tree import Directive, Item, Remark, mapped, remarks

ROLES: Final = frozenset(["user", "bucket", "drawn"])
"""What the variables of a draw are called."""


class Draw(NamedTuple):
    """Blocks that make a draw; the drawn version; and the Set-Cookie header of whoever was drawn, None without one."""

    items: tuple[Item, ...]
    version: Part
    set_cookie: Value | None


class _Part(NamedTuple):
    """A part of the hashes, in basis points, and what it is worth; `remark` says it in words."""

    basis_points: int
    value: str
    remark: str = ""


def draw(route: Route, names: Names) -> Draw:
    """The draw among a route's shares. Raises ValueError when its shares do not all set the same cookie, or none."""
    shares = [share for share in route.split.shares if share.basis_points]
    cookie = _cookie(shares)
    if len(shares) == 1 and cookie is None:
        return Draw((), shares[0].version, None)
    key = route.split.key
    items: list[Item] = [Remark(), *remarks(f"{route.name}: {split_in_words(route.split)}.")]
    if cookie is None:
        parts = [_Part(share.basis_points, share.version) for share in shares]
        return Draw(*_drawn(items, parts, key, names, "drawn"), None)
    ranges = zip(shares, bucket_ranges(shares), strict=True)
    parts = [
        _Part(each.basis_points, _bucket(each), f"{each.version}: {range_in_words(*ends)}") for each, ends in ranges
    ]
    kept, bucket = _drawn(items, parts, key, names, "bucket")
    return Draw(*_version(kept, shares, bucket, names), _set_cookie(cookie, bucket))


def _cookie(shares: Sequence[Share]) -> SetCookie | None:
    """The cookie that all shares set, whatever its value."""
    cookies = [share.set_cookie for share in shares]
    if len({(each.name, each.max_age_seconds) if each else None for each in cookies}) > 1:
        raise ValueError("the shares of one draw set different cookies")
    return cookies[0]


def _bucket(share: Share) -> str:
    return share.set_cookie.value if share.set_cookie else ""


def _drawn(
    items: Sequence[Item], parts: Sequence[_Part], key: Field | None, names: Names, role: str
) -> tuple[tuple[Item, ...], Part]:
    """The blocks so far with the draw, and what holds the drawn value; the last part takes the rest.

    100% would miss the largest hash.
    """
    if len(parts) == 1:
        return (), parts[0].value
    hashed, more = REQUEST_ID, list(items)
    if key is not None:
        hashed = names.own("user")
        more.append(identity(key, hashed))
    variable = names.own(role)
    *first, last = parts
    lines = [Directive(percent(part.basis_points), (part.value,), remark=part.remark) for part in first]
    lines.append(Directive("*", (last.value,), remark=last.remark))
    more.append(Directive("split_clients", ((hashed,), (variable,)), tuple(lines)))
    return tuple(more), variable


def _version(
    items: Sequence[Item], shares: Sequence[Share], bucket: Part, names: Names
) -> tuple[tuple[Item, ...], Part]:
    """The blocks so far with the map from buckets to versions, and what holds the version."""
    default = shares[-1].version
    entries = [(exact(_bucket(share)), (share.version,)) for share in shares if share.version != default]
    if not entries:
        return tuple(items), default
    variable = names.own("drawn")
    return (*items, mapped((bucket,), variable, (default,), entries)), variable


def _set_cookie(cookie: SetCookie, bucket: Part) -> Value:
    age = "" if cookie.max_age_seconds is None else f"; Max-Age={cookie.max_age_seconds}"
    return f"{cookie.name}=", bucket, f"; Path=/{age}; HttpOnly; SameSite=Lax"
