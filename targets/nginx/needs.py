"""What nginx must be, and have, for the files to work. The same at every stage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from graymesh.diagnostic import Pointer
from graymesh.ir.release import Kind
from graymesh.kit.asked import asked_by
from graymesh.kit.target import Need, View
from graymesh.targets.nginx.claims import key_file

_SIZES: Final = "variables_hash_*, server_names_hash_* and map_hash_max_size"


def needs(view: View) -> Iterator[Need]:
    """nginx itself and how it takes the files in; njs where any stage asks for a claim; names that it looks up."""
    yield Need(
        name="nginx",
        text="nginx 1.11 or later, tried with 1.22, with `include nginx/*.conf;` in its http block and the folder "
        "beside nginx.conf",
    )
    yield Need(name="sizes", text=f"no {_SIZES} of your own in the http block: the files set them")
    claims = asked_by(view, Kind.CLAIM)
    if claims is not None:
        yield from _program(view, claims)
    named = next((version for version in view.release.versions if any(map(_is_name, version.endpoints))), None)
    if named:
        text = "host names of endpoints that the machine can look up whenever nginx starts, or it does not start"
        yield Need(name="names", text=text, path=(*named.origin, "endpoints"))


def _program(view: View, claims: Pointer) -> Iterator[Need]:
    """njs, from the version on that reads a file of keys while it loads where there is one."""
    file = key_file(view)
    yield Need(
        name="njs",
        text=f"njs {'0.7.8' if file else '0.5'} or later, tried with 0.7.9 (Debian: libnginx-mod-http-js): "
        "`load_module modules/ngx_http_js_module.so;` at the top of nginx.conf",
        path=claims,
    )
    if file:
        text = f"{file}, the issuer's keys as a JSON Web Key Set; nginx does not start without it, and reads it anew "
        yield Need(name="token keys", text=f"{text}when it reloads", path=claims)


def _is_name(endpoint: str) -> bool:
    host = endpoint.rpartition(":")[0]
    return not host.startswith("[") and re.search("[a-z]", host, re.IGNORECASE) is not None
