"""An audience by network on an engine that trusts no proxy.

Behind a load balancer every request comes from the balancer's address. Only an engine that knows its proxies sees the
client's own, and one that trusts everybody can be told any address.

bad: |
  targets: {nginx: {}}
  audiences: {office: [{source: [203.0.113.0/24]}]}
  routes: [{name: office, audience: office, version: v2}]
good: |
  targets: {nginx: {trustedProxies: [10.0.0.0/8]}}
  audiences: {office: [{source: [203.0.113.0/24]}]}
  routes: [{name: office, audience: office, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.release import Kind
from graymesh.kit.view import role_of
from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import tests

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every deciding target with the option `trustedProxies` left empty while routes ask for networks."""
    asks = case.stages and any(test.field.kind is Kind.SOURCE for test in tests(case.stages[-1]))
    for manifest in case.targets:
        trusted = case.options.get(manifest.name, {}).get("trustedProxies")
        follows = role_of(case.release, manifest) == "follower"
        if asks and not follows and "trustedProxies" in manifest.options and not trusted:
            yield Finding(
                path=("spec", "targets", manifest.name),
                message=f"{manifest.title} takes the address of the connection for the client's: no proxy is trusted",
                help="set trustedProxies to the networks of your load balancers; ignore this if there are none",
                targets=(manifest.name,),
            )
