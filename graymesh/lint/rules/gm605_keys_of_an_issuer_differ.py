"""Releases that look for the keys of one issuer at different addresses.

A gateway goes by one set of keys for the tokens of an issuer. With two addresses, tokens that one release takes would
be refused for the other, or the other way round.

bad: |
  metadata: {name: one}
  service: {port: 80, domains: [a.example.com]}
  audiences: {beta: [{claims: {tier: beta}}]}
  routes: [{name: beta, audience: beta, version: v2}]
  jwt: {issuer: https://id.example.com, jwks: https://id.example.com/keys, from: {header: Authorization}}
  ---
  metadata: {name: two}
  service: {port: 80, domains: [b.example.com]}
  audiences: {beta: [{claims: {tier: beta}}]}
  routes: [{name: beta, audience: beta, version: v2}]
  jwt: {issuer: https://id.example.com, jwks: https://id.example.com/old-keys, from: {header: Authorization}}
good: |
  metadata: {name: one}
  service: {port: 80, domains: [a.example.com]}
  audiences: {beta: [{claims: {tier: beta}}]}
  routes: [{name: beta, audience: beta, version: v2}]
  jwt: {issuer: https://id.example.com, jwks: https://id.example.com/keys, from: {header: Authorization}}
  ---
  metadata: {name: two}
  service: {port: 80, domains: [b.example.com]}
  audiences: {beta: [{claims: {tier: beta}}]}
  routes: [{name: beta, audience: beta, version: v2}]
  jwt: {issuer: https://id.example.com, jwks: https://id.example.com/keys, from: {header: Authorization}}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graymesh.language.case import Case
from graymesh.lint.finding import Finding


def check_project(cases: Sequence[Case]) -> Iterator[tuple[Case, Finding]]:
    """Every release whose keys are not where those of the first release with the same issuer are."""
    first: dict[str, tuple[Case, str]] = {}
    for case in cases:
        jwt = case.release.jwt
        owner, keys = first.setdefault(jwt.issuer, (case, jwt.jwks)) if jwt else (case, "")
        if jwt and jwt.jwks != keys:
            finding = Finding(
                path=("spec", "jwt", "jwks"),
                message=f"the keys of {jwt.issuer} are at {jwt.jwks} here, at {keys} in {owner.source.file}",
                help="name one address in both",
            )
            yield case, finding
