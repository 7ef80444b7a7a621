"""Labels that select the pods of two versions.

A mesh finds a version's pods by its labels. When the labels of two versions are equal, or one's are a part of the
other's, their pods are mixed.

bad: |
  versions:
    v1: {labels: {app: shop}, endpoints: [10.0.1.1:80]}
    v2: {labels: {app: shop, track: canary}, endpoints: [10.0.2.1:80]}
good: |
  versions:
    v1: {labels: {app: shop, track: stable}, endpoints: [10.0.1.1:80]}
    v2: {labels: {app: shop, track: canary}, endpoints: [10.0.2.1:80]}
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from graymesh.diagnostic import Note
from graymesh.language.case import Case
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """Every version whose labels all belong to another one as well."""
    reported: set[frozenset[str]] = set()
    for wide, narrow in permutations(case.release.versions, 2):
        pair = frozenset((wide.name, narrow.name))
        if set(wide.labels) <= set(narrow.labels) and pair not in reported:
            reported.add(pair)
            yield Finding(
                path=("spec", "versions", wide.name),
                message=f"the labels of {wide.name!r} select the pods of {narrow.name!r} as well",
                help="give each version a label value of its own, such as version: " + wide.name,
                notes=(Note(("spec", "versions", narrow.name), "these pods"),),
            )
