"""A sticky key that says nothing about users who lack it.

A user without the key is drawn at random and kept by the bucket cookie. That is safe, but with a key that only
some requests carry, such as a claim, the same person before and after login is two users with two buckets.

bad: |
  sticky: {cookie: gray-bucket, key: {claim: sub}}
  jwt: {issuer: "https://id.example.com", jwks: "https://id.example.com/jwks.json"}
good: |
  sticky: {cookie: gray-bucket, key: {cookie: uid}}
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
    if sticky and sticky.key and sticky.key.kind is Kind.CLAIM:
        yield Finding(
            path=("spec", "sticky", "key"),
            message=f"requests without the claim {sticky.key.name!r} are drawn at random, and a login changes nothing",
            help="that is safe; a device cookie as key keeps the cohort the same before and after login",
        )
