"""An audience that repeats another one.

Two audiences under two names take exactly the same requests. When one is changed, the other is forgotten.

bad: |
  audiences: {beta: [{cookies: {beta: "1"}}], early: [{cookies: {beta: "1"}}]}
  routes: [{name: beta, audience: [beta, early], version: v2}]
good: |
  audiences: {beta: [{cookies: {beta: "1"}}], early: [{cookies: {early: "1"}}]}
  routes: [{name: beta, audience: [beta, early], version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diagnostic import Note
from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every audience whose entries stood before under another name."""
    seen: dict[frozenset[object], str] = {}
    for name, entries in case.rollout.spec.audiences.items():
        key = frozenset(entry.tests() for entry in entries)
        if key in seen:
            yield Finding(
                path=("spec", "audiences", name),
                at_key=True,
                message=f"audience {name!r} is the same as {seen[key]!r}",
                help=f"use {seen[key]!r} in both places",
                notes=(Note(("spec", "audiences", seen[key]), "the same condition"),),
            )
        seen.setdefault(key, name)
