"""An audience that asks for a host that the release does not serve.

Requests for other hosts never reach this release, so the condition never holds.

bad: |
  audiences: {mobile: [{host: m.example.org}]}
  routes: [{name: mobile, audience: mobile, version: v2}]
good: |
  service: {port: 80, domains: [shop.example.com, m.example.org]}
  audiences: {mobile: [{host: m.example.org}]}
  routes: [{name: mobile, audience: mobile, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.did_you_mean import suggestion
from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every host of an audience that is not among the release's names."""
    served = (case.release.host, *case.release.domains)
    for name, entries in case.rollout.spec.audiences.items():
        for index, entry in enumerate(entries):
            for host in entry.host or ():
                if host not in served:
                    yield Finding(
                        path=("spec", "audiences", name, index, "host"),
                        message=f"{host!r} is not a host of this release, so the entry never matches",
                        help=suggestion(host, served) or f"add it to service.domains; served are {', '.join(served)}",
                    )
