"""A protocol that a target does not speak to the service.

The engine would send HTTP/1.1 to versions that understand HTTP/2 only, so that every request fails. That holds behind
an edge as well as without one.

bad: |
  service: {port: 50051, domains: [grpc.example.com], protocol: grpc}
  targets: {spring-cloud-gateway: {}}
good: |
  service: {port: 50051, domains: [grpc.example.com], protocol: grpc}
  targets: {istio: {}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.features import FEATURES
from graymesh.language.case import Case
from graymesh.lint.capabilities import Use, missing_anywhere
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """Every target that forwards requests and lacks the service's protocol, deciding or not."""
    protocol = case.rollout.spec.service.protocol
    if protocol == "http":
        return
    use = Use(f"protocol.{protocol}", ("spec", "service", "protocol"))
    for gap in missing_anywhere(case, "GM311", use):
        yield gap.finding(FEATURES[use.feature][1])
