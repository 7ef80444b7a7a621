"""Routes that can never match.

An earlier route, or several together, already take every request that this one asks for, so its version never
receives them. graymesh decides this over all requests, not by comparing texts.

bad: |
  audiences:
    everyone-mobile: [{path: {prefix: /api}}]
    mobile-beta: [{path: {prefix: /api/v3}}]
  routes:
    - {name: mobile, audience: everyone-mobile, version: v1}
    - {name: beta, audience: mobile-beta, version: v2}
good: |
  audiences:
    everyone-mobile: [{path: {prefix: /api}}]
    mobile-beta: [{path: {prefix: /api/v3}}]
  routes:
    - {name: beta, audience: mobile-beta, version: v2}
    - {name: mobile, audience: everyone-mobile, version: v1}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diagnostic import Note
from graymesh.ir.witness import in_words
from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import asked
from graymesh.proof.equivalence import Steps, reachable, shadowing

IGNORABLE = True  # the meaning is clear, and the same on every engine


def check(case: Case) -> Iterator[Finding]:
    """Every route that no request reaches at the last stage, where all routes are active."""
    table = case.stages[-1].table
    count = len(list(asked(case.stages[-1])))
    if count < 2:
        return
    steps = Steps()
    for index, request in enumerate(reachable(table, steps)[:count]):
        if request is not None:
            continue
        earlier, witness = shadowing(table, index, steps)
        if not earlier:
            continue  # no request meets its condition: GM219
        names = " and ".join(repr(table.routes[number].name) for number in earlier)
        yield Finding(
            path=table.routes[index].origin,
            message=f"route {table.routes[index].name!r} never matches: {names} takes all its requests first",
            help=f"move it above {names}, or remove it" + (f"; both take {in_words(witness)}" if witness else ""),
            notes=tuple(Note(table.routes[number].origin, "this route takes them") for number in earlier),
        )
