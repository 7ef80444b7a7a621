"""Claims of a token that nobody verifies.

An audience by claim needs to know who issues the tokens and where its keys are, so that engines that can verify do.

bad: |
  targets: {nginx: {}}
  audiences: {beta: [{claims: {tier: beta}}]}
  routes: [{name: beta, audience: beta, version: v2}]
good: |
  targets: {nginx: {}}
  jwt: {issuer: "https://id.example.com", jwks: "https://id.example.com/jwks.json"}
  audiences: {beta: [{claims: {tier: beta}}]}
  routes: [{name: beta, audience: beta, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """Every entry with claims, in a spec without `jwt`."""
    spec = case.rollout.spec
    if spec.jwt:
        return
    for name, entries in spec.audiences.items():
        for index, entry in enumerate(entries):
            if entry.claims:
                yield Finding(
                    path=("spec", "audiences", name, index, "claims"),
                    message=f"audience {name!r} asks for claims, but the spec does not say whose tokens carry them",
                    help="add jwt: {issuer: …, jwks: …}",
                )
