"""Entries of an audience that add nobody.

Another entry of the same audience already takes every request that this one takes. Often two conditions were meant to
hold together: the keys of one entry must all hold, the entries of a list are alternatives.

bad: |
  audiences:
    beta: [{cookies: {beta: "1"}}, {cookies: {beta: "1"}, path: {prefix: /api}}]
  routes: [{name: beta, audience: beta, version: v2}]
good: |
  audiences:
    beta: [{cookies: {beta: "1"}, path: {prefix: /api}}]
  routes: [{name: beta, audience: beta, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diagnostic import Edit, Note
from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.proof.equivalence import Steps, idle

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every entry that is covered by the other entries of its audience."""
    steps = Steps()
    for name, entries in case.rollout.spec.audiences.items():
        if len(entries) < 2:
            continue
        conditions = [entry.tests() for entry in entries]
        for index in (index for index, covered in enumerate(idle(conditions, steps)) if covered):
            twin = conditions[index] in conditions[:index]  # once more the very same: nothing else can have been meant
            yield Finding(
                edits=(Edit(("spec", "audiences", name, index), "entry"),) if twin else (),
                path=("spec", "audiences", name, index),
                message=f"this entry adds nobody to {name!r}: its other entries take all its requests",
                help="remove it, or join the conditions into one entry if all of them must hold",
                notes=(Note(("spec", "audiences", name), "the audience"),),
            )
