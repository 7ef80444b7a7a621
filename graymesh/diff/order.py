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


def gap_notes(both: Both, told: Told) -> Iterator[str]:
    """Which engines answer with errors while a version goes; nothing for those that take all at once."""
    gone = told.what in (VERSION, RETIRED) and told.who not in both.new.rollout.spec.versions
    for manifest in both.old.targets if gone else ():
        if manifest.one_by_one and manifest in both.new.targets and told.who in _named(both.old, manifest):
            yield _gap(manifest, told.who)


def retirement_notes(both: Both, told: Told) -> Iterator[str]:
    """What to do next when a version is told to go; nothing for engines that take all at once."""
    version = both.new.rollout.spec.versions.get(told.who)
    if told.what == RETIRED and version is not None and version.retired:
        yield from (_when_it_may_go(manifest, told.who) for manifest in both.old.targets if manifest.one_by_one)


def _when_it_may_go(manifest: Manifest, version: str) -> str:
    kept, routes = manifest.one_by_one
    return (
        f"{manifest.title}: the {kept} still has {version}; once the new {routes} is in force everywhere, "
        f"remove {version} in a change of its own"
    )


def _gap(manifest: Manifest, version: str) -> str:
    kept, routes = manifest.one_by_one
    return (
        f"{manifest.title}: requests for {version} get 503 while the old {routes} is in force beside the new {kept}, "
        f"which has no {version} any more; keep {version} with retired: true in this change and remove it in a later "
        f"one, or apply the {routes} before the {kept}"
    )


def _named(case: Case, manifest: Manifest) -> set[str]:
    """The versions that the target's routes send requests to, or copies of them."""
    return {name for host in case.view(manifest).tables for route in host.table.routes for name in route.receivers}
