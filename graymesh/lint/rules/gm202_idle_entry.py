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

from collections.abc import Iterator, Sequence

from graymesh.diagnostic import Edit, Note
from graymesh.equivalence import reachable
from graymesh.ir import Route, RouteTable, Share, Split
from graymesh.lint import Case, Finding

LEVEL = "warning"
_ANY = Split((Share(version="any", basis_points=10_000),))


def check(case: Case) -> Iterator[Finding]:
    """Every entry that is covered by the other entries of its audience."""
    for name, entries in case.rollout.spec.audiences.items():
        if len(entries) < 2:
            continue
        conditions = [entry.tests() for entry in entries]
        for index, tests in enumerate(conditions):
            others = tuple(other for number, other in enumerate(conditions) if _first(number, index, conditions))
            rest = Route(name="others", condition=others, split=_ANY)
            own = Route(name="own", condition=(tests,), split=_ANY)
            if others and reachable(RouteTable((rest, own)))[1] is None:
                twin = tests in conditions[:index]  # the very same entry once more: nothing else can have been meant
                yield Finding(
                    edits=(Edit(("spec", "audiences", name, index), "entry"),) if twin else (),
                    path=("spec", "audiences", name, index),
                    message=f"this entry adds nobody to {name!r}: its other entries take all its requests",
                    help="remove it, or join the conditions into one entry if all of them must hold",
                    notes=(Note(("spec", "audiences", name), "the audience"),),
                )


def _first(number: int, index: int, conditions: Sequence[object]) -> bool:
    """Of two equal entries only the second is idle."""
    return number != index and (conditions[number] != conditions[index] or number < index)
