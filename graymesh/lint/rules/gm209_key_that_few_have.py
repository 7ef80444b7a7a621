"""A sticky key that says nothing about users who lack it.

A user without the key draws a ticket at random and keeps it. That is safe, but with a key that only some requests
carry, such as a claim, the same person before and after login is two users with two buckets.

bad: |
  sticky: {cookie: gray-ticket, key: {claim: sub}}
  jwt: {issuer: "https://id.example.com", jwks: "https://id.example.com/jwks.json"}
good: |
  sticky: {cookie: gray-ticket, key: {cookie: uid}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.release import Kind
from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "info"


def check(case: Case) -> Iterator[Finding]:
    """A key that needs a login."""
    sticky = case.rollout.spec.sticky
    if sticky and sticky.key and sticky.key.field.kind is Kind.CLAIM:
        name = sticky.key.field.name
        yield Finding(
            path=("spec", "sticky", "key"),
            message=f"requests without the claim {name!r} draw a ticket, and a login may change the version",
            help="that is safe; a device cookie as key keeps the cohort the same before and after login",
        )
