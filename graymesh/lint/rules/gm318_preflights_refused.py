"""Nothing is said of CORS, and a target refuses every preflight.

The engine answers preflights (OPTIONS with Origin and Access-Control-Request-Method) with 403 by itself, whatever the
versions would say: pages of other origins can send the service no JSON, no PUT and no header of their own. Where only
pages of the service's own origin call it, or nobody in a browser does, nothing is lost.

bad: |
  targets: {spring-cloud-gateway: {}}
good: |
  targets: {spring-cloud-gateway: {}}
  cors: {origins: ["https://app.example.com"], headers: [Content-Type]}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "info"


def check(case: Case) -> Iterator[Finding]:
    """Each target that answers preflights itself; an info, since many services are called by no page at all."""
    if case.rollout.spec.preflight is not None or case.rollout.spec.cors:
        return
    for manifest in case.targets:
        if manifest.routes and manifest.answers_preflights:
            yield Finding(
                path=("spec", "targets", manifest.name) if case.rollout.spec.targets else ("spec",),
                at_key=bool(case.rollout.spec.targets),
                message=f"{manifest.title} answers every CORS preflight with 403: pages of other origins cannot call "
                "the service with JSON, with PUT, or with headers of their own",
                help=manifest.capability("preflight").instead,
                targets=(manifest.name,),
            )
