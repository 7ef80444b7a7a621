"""New users are held where nobody is drawn.

`hold: newUsers` sends users without a ticket to stable while those who have one stay on the canary. At a stage that
gives every user the same version nobody has been given a ticket, so nobody is known to be new, and the hold does
nothing: everybody goes on getting that version.

bad: |
  stages: [{name: half, weight: 50, hold: 1h}, {name: full, weight: 100}]
  stage: full
  hold: newUsers
good: |
  stages: [{name: half, weight: 50, hold: 1h}, {name: full, weight: 100}]
  stage: half
  hold: newUsers
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import weights

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """A hold at the current stage, when it draws nobody."""
    release = case.release
    planned = next(each for each in case.stages if each.stage == release.stage)
    served = [version for version, points in weights(planned).items() if points]
    drawn = any(len(route.split.versions) > 1 for route in planned.table.routes)
    if release.held and not drawn:
        yield Finding(
            path=("spec", "hold"),
            message=f"at stage {release.stage!r} all users get {served[0]!r}, so no new user is held",
            help="leave it out, or move to a stage that shares users out",
        )
