"""Trusted proxies that include everyone.

Then any client can write any address into X-Forwarded-For and walk into an audience by network.

bad: |
  targets: {nginx: {trustedProxies: [0.0.0.0/0]}}
good: |
  targets: {nginx: {trustedProxies: [10.0.0.0/8]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding

EVERYONE = ("0.0.0.0/0", "::/0")


def check(case: Case) -> Iterator[Finding]:
    """Every trusted network of length zero."""
    for name, options in case.options.items():
        for network in options.get("trustedProxies") or ():
            if network in EVERYONE:
                yield Finding(
                    path=("spec", "targets", name, "trustedProxies"),
                    message=f"{network} trusts every client to say where it comes from",
                    help="name the networks of your own proxies",
                    targets=(name,),
                )
