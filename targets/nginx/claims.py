"""Whether a release asks for claims, and where its tokens are."""

from __future__ import annotations

from typing import Final

from graymesh.ir.release import Condition, Field, Kind, Release, RouteTable
from graymesh.kit.asked import asked_by
from graymesh.kit.target import View
from graymesh.targets.nginx.quoting import Variable

TOKEN: Final = Variable("gm_token")
"""Where the program that reads claims looks for the token."""

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
    return asked_by(view, Kind.CLAIM) is not None or any(asks_for_claims(table.table) for table in view.tables)


def token_source(release: Release) -> Field:
    """The header or cookie that carries the token."""
    return release.jwt.source if release.jwt else Field(Kind.HEADER, "authorization")


def _tests_claims(condition: Condition) -> bool:
    return any(test.field.kind is Kind.CLAIM for tests in condition for test in tests)
