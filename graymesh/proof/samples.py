"""Values with which a matcher is tried: those that come to mind first, and those at the edge of what it takes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final, assert_never

from graymesh.ir.release import (
    BUCKET_COUNT,
    Absent,
    Buckets,
    Matcher,
    Networks,
    OneOf,
    PathPrefix,
    Prefix,
    Present,
    Regex,
    Suffix,
)
from graymesh.ir.tickets import ticket_of

_FEW: Final = 5


def likely(matcher: Matcher) -> Iterator[str]:
    """Readable values that the matcher takes, and some that it just misses."""
    match matcher:
        case OneOf(values):
            yield from values
        case Prefix(value):
            yield from (value, value + "x")
        case Suffix(value):
            yield from (value, "x" + value, "/x" + value)
        case PathPrefix(value):
            yield from (value, value + "/x", value + "x")
        case Buckets(intervals):
            yield from (ticket_of(low) for low, _ in intervals)
        case Regex() | Networks() | Present() | Absent():
            return
        case _:
            assert_never(matcher)


def near(matcher: Matcher) -> Iterator[str]:
    """Values at the edge of what the matcher takes, on either side."""
    match matcher:
        case OneOf(values):
            for value in values[:_FEW]:
                yield from (value, value + "0", value[:-1], value.swapcase())
        case Prefix(value):
            yield from (value, value + "x", value[:-1], value.swapcase())
        case Suffix(value):
            for before in ("", "x", "/x"):
                yield from (before + value, before + value + "x", before + value[1:], before + value.swapcase())
        case PathPrefix(value):
            yield from (value, value + "/", value + "/x", value + "x", value[:-1], value.swapcase())
        case Buckets(intervals):
            for low, high in intervals[:_FEW]:
                numbers = (number for number in (low - 1, low, high, high + 1) if 0 <= number < BUCKET_COUNT)
                yield from map(ticket_of, numbers)
                yield from (ticket_of(low)[1:], ticket_of(low, "-0-f0"), ticket_of(low).upper(), f"{ticket_of(low)}g")
        case Networks(networks):
            yield from (address for cidr in networks[:_FEW] for address in _edges(cidr))
        case Regex() | Present() | Absent():
            return
        case _:
            assert_never(matcher)


def _edges(cidr: str) -> Iterator[str]:
    network = ipaddress.ip_network(cidr)
    low, high = int(network.network_address), int(network.broadcast_address)
    kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    return (str(kind(number)) for number in (low - 1, low, high, high + 1) if 0 <= number < 1 << network.max_prefixlen)
