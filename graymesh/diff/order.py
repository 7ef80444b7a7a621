"""What happens between the objects of one change, where an engine takes them one by one.

A route that names a version whose destination is gone already is answered 503. Whoever removes a version in one step
has such a moment, unless the routes are applied first; a version that is retired first never has.
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diff.causes import Both
from graymesh.diff.settings import RETIRED, VERSION, Told
from graymesh.kit.target import Manifest
from graymesh.language.case import Case

GAP = "503"
"""What clients get meanwhile; every note about a gap says it."""


def order_notes(both: Both, told: Told) -> Iterator[str]:
    """What to know about the order when a version goes, or is told to go; nothing for engines that take all at once."""
    if told.what not in (VERSION, RETIRED):
        return
    versions = both.new.rollout.spec.versions
    for manifest in both.old.targets:
        if not manifest.one_by_one:
            continue
        if told.who not in versions:
            if manifest in both.new.targets and told.who in _named(both.old, manifest):
                yield _gap(manifest, told.who)
        elif versions[told.who].retired and told.what == RETIRED:
            yield _when_it_may_go(manifest, told.who)


def _when_it_may_go(manifest: Manifest, version: str) -> str:
    kept, routes = manifest.one_by_one
    return (
        f"{manifest.title}: the {kept} still has {version}; once the new {routes} is in force everywhere, "
        f"remove {version} in a change of its own"
    )


def _gap(manifest: Manifest, version: str) -> str:
    kept, routes = manifest.one_by_one
    return (
        f"{manifest.title}: requests for {version} get {GAP} while the old {routes} is in force beside the new {kept}, "
        f"which has no {version} any more; keep {version} with retired: true in this change and remove it in a later "
        f"one, or apply the {routes} before the {kept}"
    )


def _named(case: Case, manifest: Manifest) -> set[str]:
    """The versions that the target's routes send requests to, or copies of them."""
    return {name for host in case.view(manifest).tables for route in host.table.routes for name in route.receivers}
