"""What nginx makes of a request before any map sees it.

`$uri` is decoded, its slashes are merged and its dot segments resolved (ngx_http_parse_complex_uri, merge_slashes);
`$args` and `$http_cookie` stay as they were written; `$host` has no port and no dot at its end; of a repeated header
the first counts.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import unquote

from graymesh.ir.semantics import Pairs, Request, host_without_port
from graymesh.kit.wire import without_dots


def received(request: Request) -> Request:
    """The request with the values that maps and locations see."""
    path = without_dots(re.sub("/+", "/", unquote(request.path)))
    return replace(
        request,
        path=path,
        host=host_without_port(request.host).removesuffix("."),
        headers=_first(request.headers),
    )


def _first(headers: Pairs) -> Pairs:
    found: dict[str, tuple[str, str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), (name, value))
    return tuple(found.values())
