"""Set-Cookie lines: what follows the pair, written for engines and read from their files (RFC 6265 §4.1, §5.2)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from graymesh.ir.release import TICKET, SetCookie

_PAIR: Final = re.compile(rf"([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([!#-+\--:<-\[\]-~]+|{re.escape(TICKET)})")
_AGE: Final = re.compile("[0-9]{1,10}")
_SAME_SITE: Final = {"lax": "Lax", "strict": "Strict", "none": "None"}


def attributes(cookie: SetCookie) -> str:
    """What stands behind the pair: `; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax`."""
    parts = [f"Path={cookie.path}"]
    parts += [f"Domain={cookie.domain}"] if cookie.domain else []
    parts += [f"Max-Age={cookie.max_age_seconds}"] if cookie.max_age_seconds is not None else []
    parts += ["Secure"] if cookie.secure else []
    return "".join(f"; {part}" for part in (*parts, "HttpOnly", f"SameSite={cookie.same_site}"))


def cookie_of(line: str) -> SetCookie | None:
    """The cookie of a Set-Cookie line, attributes in any order and case; None for one that no spec can ask for.

    Scripts may read a cookie without HttpOnly, a browser decides by itself without SameSite or Path, and Expires or a
    second attribute of one name mean something else: those are none.
    """
    written, *rest = line.split(";")
    pair = _PAIR.fullmatch(written.strip())
    given = [part.strip().partition("=") for part in rest]
    named = {name.strip().lower(): value.strip() for name, _, value in given}
    if pair is None or len(named) != len(rest):
        return None
    return _with(SetCookie(pair[1], pair[2]), named)


def _with(cookie: SetCookie, named: dict[str, str]) -> SetCookie | None:
    """The cookie with these attributes, all of them."""
    site = _SAME_SITE.get(named.pop("samesite", "").lower())
    path, age = named.pop("path", ""), named.pop("max-age", None)
    flags = {name for name in ("httponly", "secure") if named.get(name) == ""}
    domain = named.pop("domain", "").lower().removeprefix(".")
    if site is None or not path.startswith("/") or "httponly" not in flags or named.keys() != flags:
        return None
    if age is not None and not _AGE.fullmatch(age):
        return None
    seconds = None if age is None else int(age)
    return replace(cookie, max_age_seconds=seconds, path=path, domain=domain, secure="secure" in flags, same_site=site)
