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

from collections.abc import Iterable, Iterator, Sequence

from graymesh.diagnostic import Pointer
from graymesh.did_you_mean import suggestion
from graymesh.ir.release import Field, Kind, OneOf, Test
from graymesh.ir.semantics import describe, matches
from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every host of an audience that is not among the release's names, and every suffix that none of them has."""
    served = (case.release.host, *case.release.domains)
    for name, entries in case.rollout.spec.audiences.items():
        for index, entry in enumerate(entries):
            path: Pointer = ("spec", "audiences", name, index, "host")
            if isinstance(entry.host, OneOf):
                yield from _unknown(path, entry.host.values, served)
            elif entry.host and not any(matches(entry.host, host) for host in served):
                yield Finding(
                    path=path,
                    message=f"no {describe(Test(Field(Kind.HOST), entry.host))} among those of this release, "
                    "so the entry never matches",
                    help=f"served are {', '.join(served)}",
                )


def _unknown(path: Pointer, hosts: Iterable[str], served: Sequence[str]) -> Iterator[Finding]:
    for host in hosts:
        if host not in served:
            yield Finding(
                path=path,
                message=f"{host!r} is not a host of this release, so the entry never matches",
                help=suggestion(host, served) or f"add it to service.domains; served are {', '.join(served)}",
            )
