"""An endpoint on the engine's own machine.

A loopback address means the machine that the engine runs on. That is common on a laptop; in production, traffic for the
version is lost, or reaches whatever listens there.

bad: |
  versions: {v1: {endpoints: [10.0.1.1:80]}, v2: {endpoints: [127.0.0.1:80]}}
good: |
  versions: {v1: {endpoints: [10.0.1.1:80]}, v2: {endpoints: [10.0.2.1:80]}}
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every endpoint at a loopback address."""
    for version in case.release.versions:
        for endpoint in version.endpoints:
            if _loopback(endpoint.rpartition(":")[0].strip("[]")):
                yield Finding(
                    path=("spec", "versions", version.name, "endpoints"),
                    message=f"{endpoint} is the engine's own machine",
                    help="name the address of an instance",
                )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
