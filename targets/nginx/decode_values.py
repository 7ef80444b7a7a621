"""What nginx's variables stand for: parts of the request, in the words of a release.

A value is a row of literal text, parts of the request (`Raw`), and variables whose meaning other directives give.
Source: the variables of ngx_http_core_module and ngx_http_proxy_module in the nginx manual.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from graymesh.ir.release import Field, Kind
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.nginx.quoting import Variable

What: TypeAlias = Literal[
    "header",
    "path",
    "method",
    "host",
    "source",
    "cookies",
    "query",
    "claims",
    "first claim",
    "first cookie",
    "first parameter",
    "unique id",
    "answer header",
    "plumbing",
]


class Raw(NamedTuple):
    """Text that only a request can tell: the value of a field, a whole header of pairs, or something else of it."""

    what: What
    name: str = ""


class Capture(NamedTuple):
    """`$1` to `$9`: what a group of the regular expression matched that was evaluated last."""

    number: int


Piece: TypeAlias = str | Raw | Variable | Capture
Pieces: TypeAlias = tuple[Piece, ...]
Sym: TypeAlias = tuple[str | Raw, ...]
"""A value in which no variable is left: literal texts that do not touch, and parts of the request."""

UNIQUE: Final = Raw("unique id")
_REFERENCE: Final = re.compile(r"\$(?:([1-9])|\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+)|)")

_BUILTIN: Final = {
    "uri": Raw("path"),
    "document_uri": Raw("path"),
    "request_method": Raw("method"),
    "host": Raw("host"),
    "http_cookie": Raw("cookies"),
    "args": Raw("query"),
    "query_string": Raw("query"),
    "remote_addr": Raw("source"),
    "request_id": UNIQUE,
    "scheme": Raw("plumbing", "scheme"),
    "proxy_add_x_forwarded_for": Raw("plumbing", "proxy_add_x_forwarded_for"),
    "http_host": Raw("plumbing", "http_host"),
    "proxy_host": Raw("plumbing", "proxy_host"),
    "http_upgrade": Raw("plumbing", "http_upgrade"),
    "request_uri": Raw("plumbing", "request_uri"),
    "server_port": Raw("plumbing", "server_port"),
}
_WHY_NOT: Final = {
    "cookie_": "it finds cookies whose name differs in case, and of several only the first; use a map on $http_cookie",
    "arg_": "it finds parameters whose name differs in case; use a map on $args",
    "sent_http_": "it tells what the answer was, not what the request is",
    "upstream_": "it is known only after the upstream was chosen",
    "jwt_": "it is part of the commercial nginx",
}
_SETTABLE: Final = frozenset(["args", "limit_rate", "secure_link", "proxy_internal_body_length"])
"""Variables of nginx's own that `set` may change."""

_FIELDS: Final = {
    "header": Kind.HEADER,
    "first claim": Kind.CLAIM,
    "first parameter": Kind.QUERY,
    "first cookie": Kind.COOKIE,
    "path": Kind.PATH,
    "method": Kind.METHOD,
    "host": Kind.HOST,
    "source": Kind.SOURCE,
}


@lru_cache(maxsize=8192)
def pieces_of(text: str) -> Pieces:
    """The pieces of a value; names of variables in lower case. Raises NotUnderstood for what nginx does not take."""
    found: list[Piece] = []
    at = 0
    for match in _REFERENCE.finditer(text):
        found.append(text[at : match.start()])
        at = match.end()
        digit, braced, bare = match.groups()
        if not (digit or braced or bare):
            raise NotUnderstood("$", "a dollar sign without the name of a variable")
        found.append(Capture(int(digit)) if digit else Variable((braced or bare).lower()))
    found.append(text[at:])
    return tuple(piece for piece in found if piece != "")


@lru_cache(maxsize=1024)
def builtin(name: str) -> Raw:
    """What a variable of nginx's own stands for. Raises NotUnderstood for those that nothing in a release is like."""
    if name in _BUILTIN:
        return _BUILTIN[name]
    if name.startswith("http_"):
        return Raw("header", name[5:].replace("_", "-"))
    if name.startswith("upstream_http_"):
        return Raw("answer header", name[14:].replace("_", "-"))
    for prefix, why in _WHY_NOT.items():
        if name.startswith(prefix):
            raise NotUnderstood(f"${name}", why)
    raise NotUnderstood(f"${name}", "no part of a request that a release speaks of")


def is_builtin(name: str) -> bool:
    """Does nginx itself give the variable a value?"""
    return name in _BUILTIN or name in _SETTABLE or name.startswith(("http_", *_WHY_NOT))


def field_of(raw: Raw) -> Field | None:
    """The field whose only value this is; None for whole headers of pairs and for what is no field."""
    kind = _FIELDS.get(raw.what)
    return None if kind is None else Field(kind, raw.name)


LONGEST_VALUE: Final = 1_000_000
"""Characters and variables of one value; a large release's tables come to a tenth of it."""


_SPACE_OF_A_PIECE: Final = 16


class Room:
    """What the values of one server may hold together."""

    def __init__(self, characters: int = 32 * LONGEST_VALUE) -> None:
        self._left = characters

    def take(self, value: Pieces) -> Pieces:
        """The value. Raises NotUnderstood when there is no room left."""
        self._left -= sum(len(piece) if isinstance(piece, str) else _SPACE_OF_A_PIECE for piece in value)
        if self._left < 0:
            raise NotUnderstood("server", "the values of its variables are too long together")
        return value


def joined(pieces: Iterable[Piece]) -> Pieces:
    """The same pieces with literal texts that touch put together, and none of them empty. Raises NotUnderstood.

    A value may double with each variable that it goes through, so there is an end to it.
    """
    found: list[Piece] = []
    length = 0
    for piece in pieces:
        if piece == "":
            continue
        length += len(piece) if isinstance(piece, str) else _SPACE_OF_A_PIECE
        if length > LONGEST_VALUE:
            raise NotUnderstood("value", f"longer than {LONGEST_VALUE:,} characters")
        if found and isinstance(piece, str) and isinstance(found[-1], str):
            found[-1] += piece
        else:
            found.append(piece)
    return tuple(found)


def literal_of(value: Pieces) -> str | None:
    """The text when the value is nothing else."""
    if not value:
        return ""
    return value[0] if len(value) == 1 and isinstance(value[0], str) else None


def shown(value: Pieces) -> str:
    """The value as a reader would write it."""
    return "".join(piece if isinstance(piece, str) else _name(piece) for piece in value)


def _name(piece: Raw | Variable | Capture) -> str:
    match piece:
        case Variable(name):
            return f"${name}"
        case Capture(number):
            return f"${number}"
    return f"<{piece.what}{' ' + piece.name if piece.name else ''}>"
