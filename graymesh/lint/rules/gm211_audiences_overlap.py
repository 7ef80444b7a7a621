"""Requests that belong to two audiences of different versions.

The first route wins. That is well defined and the same on every engine; this only tells that the order of these two
routes matters, with a request that both take.

bad: |
  audiences:
    testers: [{headers: {X-Gray-Version: v2}}]
    partners: [{headers: {X-Partner: acme}}]
  routes:
    - {name: testers, audience: testers, version: v2}
    - {name: partners, audience: partners, version: v1}
good: |
  audiences:
    testers: [{headers: {X-Gray-Version: v2}}]
    partners: [{headers: {X-Gray-Version: v1}}]
  routes:
    - {name: testers, audience: testers, version: v2}
    - {name: partners, audience: partners, version: v1}
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from graymesh.diagnostic import Note
from graymesh.ir.witness import in_words
from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import asked
from graymesh.proof.equivalence import Steps, overlap

LEVEL = "info"


def check(case: Case) -> Iterator[Finding]:
    """Neighbouring routes of different versions with requests in common."""
    steps = Steps()
    for first, second in pairwise(asked(case.stages[-1])):
        if first.split == second.split:
            continue
        request = overlap(first.condition, second.condition, steps)
        if request is not None:
            yield Finding(
                path=second.origin,
                message=f"{in_words(request)} meets {first.name!r} and {second.name!r}; {first.name!r} wins",
                help="swap the routes if that is not meant",
                notes=(Note(first.origin, "the route that wins"),),
            )
