"""Users who move when the plan changes.

The first canary grows upwards from the cohort's bucket and the second one downwards, whatever the plan says. From the
third on, canaries stand behind the most that the first and those between ever get, at any stage and for any audience:
whoever changes that moves their users. `graymesh diff` names them. Two canaries at a time have no such ties.

bad: |
  versions: {v1: {endpoints: ["10.0.1.1:80"]}, v2: {endpoints: ["10.0.2.1:80"]}, v3: {endpoints: ["10.0.3.1:80"]},
    v4: {endpoints: ["10.0.4.1:80"]}}
  sticky: {cookie: gray-ticket}
  stages: [{name: first, split: {v2: 5, v3: 5, v4: 5}, hold: 1h}, {name: more, split: {v2: 20, v3: 5, v4: 5}}]
good: |
  versions: {v1: {endpoints: ["10.0.1.1:80"]}, v2: {endpoints: ["10.0.2.1:80"]}, v3: {endpoints: ["10.0.3.1:80"]}}
  sticky: {cookie: gray-ticket}
  stages: [{name: first, split: {v2: 5, v3: 5}, hold: 1h}, {name: more, split: {v2: 20, v3: 5}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.wording import buckets_in_words, percent
from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "info"


def check(case: Case) -> Iterator[Finding]:
    """Every canary from the third on that has users where the release stands."""
    from graymesh.language.shares import largest_weights  # pages of rules are shown without the models

    spec, canaries = case.rollout.spec, case.rollout.spec.canaries
    if spec.sticky is None:
        return
    most = largest_weights(spec.routes, spec.stages, canaries)
    users = {share.version: share.buckets for share in case.release.table.routes[-1].split.shares if share.buckets}
    for number, name in enumerate(canaries):
        if number < 2 or name not in users:
            continue
        ahead = " and ".join(f"{each!r} ({percent(most[each])})" for each in (canaries[0], *canaries[2:number]))
        whose = f"the users of {name!r}, {buckets_in_words(users[name], '–')}"
        yield Finding(
            path=("spec", "versions", name),
            at_key=True,
            message=f"{whose}, move when the plan changes the most that {ahead} ever gets",
            help=f"keep their largest weights while {name!r} has users, or list {name!r} first or second",
        )
