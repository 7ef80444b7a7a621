"""A value that a target would not take as it is meant.

Each engine has limits of its own: lengths of tokens, header names that it drops, characters that it evaluates. The
message says which one and what to write instead.

bad: |
  targets: {nginx: {}}
  audiences: {beta: [{headers: {X_Beta: "1"}}]}
  routes: [{name: beta, audience: beta, version: v2}]
good: |
  targets: {nginx: {}}
  audiences: {beta: [{headers: {X-Beta: "1"}}]}
  routes: [{name: beta, audience: beta, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.kit.registry import target
from graymesh.language.case import Case
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """What each target's own `check.py` says, where the release stands and where all its routes are active."""
    for manifest in case.targets:
        told: set[str] = set()
        for release in {release.stage: release for release in (case.release, *case.stages[-1:])}.values():
            for finding in target(manifest.name).check(case.view(manifest, release)):
                if finding.message not in told:
                    told.add(finding.message)
                    yield Finding(
                        path=finding.path,
                        message=finding.message,
                        help=finding.help,
                        level=finding.level,
                        targets=(manifest.name,),
                    )
