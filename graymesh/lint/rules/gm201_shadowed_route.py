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
from graymesh.lint.traffic import asked_at
from graymesh.proof.equivalence import Steps, reachable, shadowing

IGNORABLE = True  # the meaning is clear, and the same on every engine


def check(case: Case) -> Iterator[Finding]:
    """Every route that no request reaches at the last stage, where all routes are active."""
    last = case.stages[-1]
    table, mine = last.table, asked_at(last)
    until = max(mine.values(), default=0) + 1
    if len({route.origin for route in table.routes[:until]}) < 2:
        return
    steps = Steps()
    reached = reachable(table, steps)
    for origin, index in mine.items():
        if reached[index] is not None:
            continue
        earlier, witness = shadowing(table, index, steps)
        places = dict.fromkeys(table.routes[number].origin for number in earlier)
        if not places.keys() - {origin}:
            continue  # no request meets its condition: GM219
        first = {table.routes[number].origin: number for number in earlier}
        told = {place: repr(table.routes[mine.get(place, first[place])].name) for place in places}
        names = " and ".join(told.values())
        above = " and ".join(name for place, name in told.items() if place in mine)  # never above preflights
        advice = f"move it above {above}, or remove it" if above else "remove it"
        yield Finding(
            path=origin,
            message=f"route {table.routes[index].name!r} never matches: {names} takes all its requests first",
            help=advice + (f"; both take {in_words(witness)}" if witness else ""),
            notes=tuple(Note(place, "this route takes them") for place in places),
        )
