"""What variables are called: `$product_service_testers`, so that no two releases of any project meet in one.

A name is made from its release alone, so that no other release changes it. `-` becomes `_`, and how many words a name
has is told by its separators, which makes the encoding injective:

    default/product-service, a role of one word       $product_service_version
    default/product-service, a role of several words  $product_service__beta_users
    web/search                                         $web__search__version

What does not fit into that (a `--`, a name of more than `LONGEST_PREFIX` characters) has a digest and begins with
`gm___`. nginx's own variables have no `__`, so a release of the namespace `default` whose first word is one of theirs
has its namespace in its names: `$default__http__version`.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from graymesh.ir.release import Release
from graymesh.targets.nginx.quoting import Variable

LONGEST_PREFIX: Final = 64
LONGEST_ROLE: Final = 44

_NGINX_OWN: Final = frozenset(
    """
    ancient arg args binary body bytes connection connections content cookie date document fastcgi geoip geoip2 gm gzip
    host hostname http http2 http3 https invalid is jwt limit memcached modern msec msie nginx pid pipe proxy query
    quic realip realpath remote request scheme secure sent server session slice spdy ssl status tcpinfo time uid
    upstream uri
    """.split()  # noqa: SIM905  a list to be read
)
"""First words of the variables that nginx and its modules define (the manual's index of variables), and of ours."""

_WORDS: Final = re.compile("[a-z0-9]+(?:_[a-z0-9]+)*")


class Names:
    """The variables of one release; a role that is taken gets a number."""

    def __init__(self, release: Release, reserved: frozenset[str] = frozenset()) -> None:
        self._prefix, self._plain = _prefix(release)
        self._reserved, self._taken = reserved, set[str]()

    def variable(self, role: str) -> Variable:
        """A variable for what an audience, a route or a header is called."""
        return self._free(_role(role), self._reserved)

    def own(self, role: str) -> Variable:
        """A variable for one of the reserved roles."""
        return self._free(role, frozenset())

    def _free(self, role: str, not_for_me: frozenset[str]) -> Variable:
        name, number = role, 1
        while name in self._taken or name in not_for_me:
            number += 1
            name = f"{role}_{number}"
        self._taken.add(name)
        return Variable(f"{self._prefix}{'_' if self._plain and '_' not in name else '__'}{name}")


def word(text: str) -> str:
    """A name in the characters of a variable: `x-gray-trace` → `x_gray_trace`."""
    return re.sub("[^a-z0-9]", "_", text.lower())


def _prefix(release: Release) -> tuple[str, bool]:
    """What all names of the release begin with, and whether one `_` may follow."""
    namespace, name = word(release.namespace), word(release.name)
    whole = f"{namespace}__{name}"
    fits = len(whole) <= LONGEST_PREFIX and _WORDS.fullmatch(namespace) and _WORDS.fullmatch(name)
    if not fits or namespace[0].isdigit() or namespace.partition("_")[0] in _NGINX_OWN:
        return f"gm___{whole[:30].strip('_')}_{_digest(release.key)}", False
    own = name.partition("_")[0] in _NGINX_OWN or name[0].isdigit()
    return (name, True) if release.namespace == "default" and not own else (whole, False)


def _role(text: str) -> str:
    role = word(text)
    if len(role) <= LONGEST_ROLE and _WORDS.fullmatch(role):
        return role
    return f"{role[:30].strip('_')}___{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]
