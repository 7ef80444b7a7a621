"""What Envoy, as Istio sets it up, makes of a request before any route sees it.

Paths are normalised as Istio's `pathNormalization: BASE` says: dot segments are resolved, backslashes are slashes, and
escapes of unreserved characters are decoded, others are not; slashes are not merged. Queries and cookies stay as they
were written, and a repeated header is one with commas.
"""

from __future__ import annotations

import re
from dataclasses import replace

from graymesh.ir.semantics import Pairs, Request
from graymesh.kit.wire import without_dots


def received(request: Request) -> Request:
    """The request with the values that routes see."""
    path = re.sub("%([0-9A-Fa-f]{2})", _unreserved, request.path.replace("\\", "/"))
    return replace(request, path=without_dots(path), headers=_joined(request.headers))


def _unreserved(escape: re.Match[str]) -> str:
    char = chr(int(escape[1], 16))
    return char if re.fullmatch("[A-Za-z0-9._~-]", char) else escape[0]


def _joined(headers: Pairs) -> Pairs:
    found: dict[str, tuple[str, str]] = {}
    for name, value in headers:
        known = found.get(name.lower())
        found[name.lower()] = (name, f"{known[1]},{value}" if known else value)
    return tuple(found.values())
