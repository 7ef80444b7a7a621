"""Whether a release asks for claims, where its tokens are, and by which keys they are verified."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

from graymesh.ir.release import Condition, Field, Kind, Release, RouteTable
from graymesh.kit.asked import asked_by
from graymesh.kit.target import View
from graymesh.targets.nginx.conditions import CLAIMS
from graymesh.targets.nginx.quoting import Variable
from graymesh.targets.nginx.tree import Argument, Directive, Item

TOKEN: Final = Variable("gm_token")
"""Where the program that reads claims looks for the token."""

KEYS: Final = Variable("gm_keys")
ISSUER: Final = Variable("gm_issuer")
"""Which keys the program verifies a token by, and who must have issued it."""

CHECK: Final = Variable("gm_check")
CHECKED: Final = Variable("gm_checked")
"""Reading the first makes the program verify the token; a `set` of the second does so before a version is chosen."""

VERIFIED: Final = Variable("gm_verified")
"""The claims of a verified token, in the place of `CLAIMS`."""

PROGRAM: Final = "nginx/graymesh.js"
"""Where nginx finds that program, from the folder of its own configuration."""


def asks_for_claims(table: RouteTable) -> bool:
    """Does any route test a claim, or any draw hash one?"""
    keys = (route.split.key for route in table.routes)
    return any(_tests_claims(route.condition) for route in table.routes) or any(
        key is not None and key.kind is Kind.CLAIM for key in keys
    )


def may_ask_for_claims(view: View) -> bool:
    """Does the release ask for claims at some stage? What releases share must not change with a stage."""
    return asked_by(view, Kind.CLAIM) is not None


def key_file(view: View) -> str:
    """Where the keys are by which the release's tokens are verified; "" when nobody verifies them."""
    return str(view.options.get("tokenKeys", ""))


def key_set(file: str) -> str:
    """What the program calls the keys of a file."""
    return f"gm_keys_{sha256(file.encode()).hexdigest()[:10]}"


def verified(items: Iterable[Item]) -> Iterator[Item]:
    """The same, with the claims of verified tokens in the place of those of any."""
    for item in items:
        if isinstance(item, Directive):
            arguments = tuple(map(_verified, item.arguments))
            body = item.body if item.body is None else tuple(verified(item.body))
            yield item._replace(arguments=arguments, body=body)
        else:
            yield item


def _verified(argument: Argument) -> Argument:
    return argument if isinstance(argument, str) else tuple(VERIFIED if part == CLAIMS else part for part in argument)


def token_source(release: Release) -> Field:
    """The header or cookie that carries the token."""
    return release.jwt.source if release.jwt else Field(Kind.HEADER, "authorization")


def _tests_claims(condition: Condition) -> bool:
    return any(test.field.kind is Kind.CLAIM for tests in condition for test in tests)
