"""An audience by network that includes every address.

A network of length zero is not a condition: everybody is in the audience, and the route takes all of them.

bad: |
  targets: {nginx: {trustedProxies: [10.0.0.0/8]}}
  audiences: {office: [{source: [0.0.0.0/0]}]}
  routes: [{name: office, audience: office, version: v2}]
good: |
  targets: {nginx: {trustedProxies: [10.0.0.0/8]}}
  audiences: {office: [{source: [203.0.113.0/24]}]}
  routes: [{name: office, audience: office, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every network of length zero in an audience."""
    for name, entries in case.rollout.spec.audiences.items():
        for index, entry in enumerate(entries):
            for network in entry.source or ():
                if network.endswith("/0"):
                    yield Finding(
                        path=("spec", "audiences", name, index, "source"),
                        message=f"{network} takes every {'IPv6' if ':' in network else 'IPv4'} client",
                        help="name the networks that are meant, or leave the address out",
                    )
