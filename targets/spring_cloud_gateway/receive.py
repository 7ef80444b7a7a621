"""What Spring Cloud Gateway makes of a request before any predicate sees it.

Queries are decoded, `+` is a blank (`AbstractServerHttpRequest.getQueryParams`); paths are compared decoded, without
what stands behind a `;` in a segment, and an escaped slash parts no segments (`PathContainer`); a header line is cut at
its commas, and quotes around a part are dropped; a cookie in quotes loses them, and one with a blank, a comma, a
quote or a backslash inside is dropped (netty's `ServerCookieDecoder.STRICT`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import unquote, unquote_plus

from graymesh.ir.semantics import Pairs, Request

_ESCAPED_SLASH: Final = re.compile("%2[Ff]")


def received(request: Request) -> Request:
    """The request with the values that predicates see."""
    segments = (unquote(_ESCAPED_SLASH.sub("%252F", each.partition(";")[0])) for each in request.path.split("/"))
    return replace(
        request,
        path="/".join(segments),
        query=tuple((unquote_plus(name), unquote_plus(value)) for name, value in request.query),
        headers=tuple(_parts(request.headers)),
        cookies=tuple(_cookies(request.cookies)),
    )


def _parts(headers: Pairs) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        yield from ((name, _unquoted(part.strip(" \t"))) for part in value.split(","))


def _unquoted(part: str) -> str:
    return part[1:].removesuffix('"') if part.startswith('"') else part


def _cookies(cookies: Pairs) -> Iterator[tuple[str, str]]:
    for name, value in cookies:
        bare = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
        if not set(' ",\\') & set(bare):
            yield name, bare
