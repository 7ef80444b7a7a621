"""Maps that look at hex digits which are drawn by chance, as who gets which buckets.

`$request_id` are 32 hex digits in lower case, random for each request (ngx_http_core_module), so its last four are a
bucket. A split_clients of sixteen even parts gives one digit by a hash (ngx_http_split_clients_module, MurmurHash2);
four of them over the same key, each with another text beside it, give four.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from graymesh.ir.buckets import ALL, joined
from graymesh.ir.cohorts import common, rest
from graymesh.ir.release import ALWAYS, BUCKET_COUNT, WHOLE, Intervals
from graymesh.kit.refusal import NotUnderstood
from graymesh.proof.regex.portable import endings_of
from graymesh.targets.nginx.decode_lists import ListEntry
from graymesh.targets.nginx.decode_maps import MapDefinition, Pattern, SplitDefinition
from graymesh.targets.nginx.decode_values import Capture, Pieces

BY_ID: Final = "request_id"
"""The name of the draw by the request's own id."""

_DIGITS: Final = 4
_SALTS: Final = ["1:", "2:", "3:", "4:"]
_HEX: Final = frozenset("0123456789abcdef")
_EVEN: Final = WHOLE // len(_HEX)


def by_request_id(definition: MapDefinition) -> Iterator[ListEntry]:
    """The entries of a map on `$request_id`. Raises NotUnderstood when it looks at more than the last four digits."""
    if definition.exact:
        raise NotUnderstood("map", f"${definition.name}: no request's id is a text known before", definition.where)
    return _by_endings(definition, BY_ID)


def by_digits(definition: MapDefinition, name: str) -> Iterable[ListEntry]:
    """The entries of a map on four digits side by side; `name` is the draw's."""
    try:
        return _by_trying(definition, name) if definition.exact else tuple(_by_endings(definition, name))
    except NotUnderstood:
        return _by_trying(definition, name)


def _by_endings(definition: MapDefinition, name: str) -> Iterator[ListEntry]:
    left = ALL
    for pattern in definition.patterns:
        buckets = common(left, _endings(pattern, definition))
        left = rest([rest([left]), buckets])
        if buckets:
            yield ListEntry(ALWAYS, ((name, buckets),), _plain(pattern.value, definition))
    if left:
        yield ListEntry(ALWAYS, ((name, left),), definition.default)


def _by_trying(definition: MapDefinition, name: str) -> Iterator[ListEntry]:
    """Of a map with lines of any kind: every text of four digits is looked up."""
    found: dict[Pieces, list[tuple[int, int]]] = {}
    for bucket in range(BUCKET_COUNT):
        found.setdefault(definition.on_text(f"{bucket:04x}"), []).append((bucket, bucket))
    return (ListEntry(ALWAYS, ((name, joined(spans)),), value) for value, spans in found.items())


def hashed_alike(digits: Sequence[SplitDefinition], key_of: Callable[[SplitDefinition], object]) -> bool:
    """Do these give the four digits of one key, each by the hash that every file of graymesh has for it?

    Other texts beside the key would be as even, but give the same users other buckets than the stages before.
    """
    if len(digits) != _DIGITS or not all(map(_is_digit, digits)):
        return False
    hashed = {digit.key[1:] for digit in digits}
    return [digit.key[0] for digit in digits] == _SALTS and len(hashed) == 1 and key_of(digits[0]) is not None


def _is_digit(split: SplitDefinition) -> bool:
    values = [value for _, value in split.parts]
    return set(values) == _HEX and len(values) == len(_HEX) and all(points == _EVEN for points, _ in split.parts)


def _endings(pattern: Pattern, definition: MapDefinition) -> Intervals:
    """The buckets whose ids a pattern finds: it must end where the id does, and may begin anywhere."""
    ended = re.fullmatch(r"(?:\.\*)?(.+?)(?:\\z|\$)", pattern.text)
    buckets = endings_of(ended[1]) if ended and not pattern.caseless else None
    if buckets is None:
        why = "it looks at more of the request's id than the last four digits, or at fewer than it seems"
        raise NotUnderstood(pattern.text, f"${definition.name}: {why}", definition.where)
    return buckets


def _plain(value: Pieces, definition: MapDefinition) -> Pieces:
    if any(isinstance(piece, Capture) for piece in value):
        raise NotUnderstood("map", f"${definition.name}: it captures a part of the request's id", definition.where)
    return value
