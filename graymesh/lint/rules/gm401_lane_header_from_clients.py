"""A lane header that clients can set.

Behind the edge, the lane header decides. Clients that reach a follower without passing the edge choose their version
themselves.

bad: |
  service: {port: 80, domains: [shop.example.com]}
  edge: {target: nginx}
  targets: {nginx: {}, istio: {gateways: [istio-system/public]}}
good: |
  service: {port: 80, domains: [shop.example.com]}
  edge: {target: nginx}
  targets: {nginx: {}, istio: {}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.kit.view import role_of
from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "info"


def check(case: Case) -> Iterator[Finding]:
    """Every follower with a public entrance of its own."""
    edge = case.rollout.spec.edge
    for manifest in case.targets:
        gateways = case.options.get(manifest.name, {}).get("gateways")
        if edge and gateways and role_of(case.release, manifest) == "follower":
            yield Finding(
                path=("spec", "targets", manifest.name),
                message=f"{manifest.title} follows {edge.header} and listens on {', '.join(gateways)} as well",
                help=f"let only {edge.target} reach it: whoever sets {edge.header} there chooses the version",
                targets=(manifest.name,),
            )
