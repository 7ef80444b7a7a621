"""What comments in generated files say: who wrote them, who is meant by an audience, and who gets which share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Final

from graymesh.ir.buckets import ALL, joined
from graymesh.ir.cohorts import basis_points, size
from graymesh.ir.release import (
    ALWAYS,
    Buckets,
    Condition,
    Conjunction,
    Intervals,
    Route,
    Share,
    Split,
    Test,
)
from graymesh.ir.semantics import describe
from graymesh.ir.wording import buckets_in_words, percent
from graymesh.kit.target import View

_WIDTH: Final = 116
_LONGEST: Final = 600
"""Characters; who lists two hundred values finds them below."""


def in_lines(text: str) -> Iterator[str]:
    """The text on as many lines as a comment needs."""
    if len(text) <= _WIDTH:
        yield text
        return
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ..."
    yield from wrap(shown, _WIDTH, break_long_words=True, break_on_hyphens=False)


def file_of(view: View) -> tuple[str, ...]:
    """What the file of one release begins with: who wrote it, from what, and the stage that it stands for."""
    origin = f" from {view.spec}" if view.spec else ""
    stage = f" at stage {view.release.stage}" if view.release.stage else ""
    return (
        f"Written by graymesh{origin}. Do not edit: the next compile overwrites it.",
        f"Release {view.release.key}{stage}.",
    )


def file_of_all() -> str:
    """What a file begins with that all releases share."""
    return "Written by graymesh, for all releases of the project. Do not edit: the next compile overwrites it."


def route_in_words(route: Route) -> str:
    """`testers: header x-gray-version is v2; to v2.` or `everyone: 5% v2 (buckets 0000-0ccc), 95% v1, drawn by chance.`

    Both together for a route that shares out what it takes.
    """
    versions = route.split.versions
    whereto = f"to {next(iter(versions))}" if len(versions) == 1 else split_in_words(route.split)
    who = f"{condition_in_words(route.condition)}; " if route.condition != ALWAYS else ""
    return f"{route.name}: {who}{whereto}."


def condition_in_words(condition: Condition) -> str:
    """`header x-gray-version is v2, or cookie beta is 1 and path is /api or below`."""
    return ", or ".join(map(_all_of, condition))


def split_in_words(split: Split) -> str:
    """`5% v2 (buckets 0000-0ccc), 95% v1 (buckets 0ccd-ffff), drawn by cookie uid`."""
    shares = [share for share in split.shares if share.basis_points]
    versions = dict.fromkeys(share.version for share in shares)
    said = ", ".join(_version_in_words(version, shares) for version in versions)
    if len(shares) < 2:
        return said
    return f"{said}, drawn by {f'{split.key.kind} {split.key.name}' if split.key else 'chance'}"


def _version_in_words(version: str, shares: Sequence[Share]) -> str:
    mine = [share for share in shares if share.version == version]
    share = percent(sum(share.basis_points for share in mine))
    buckets = joined(span for share in mine for span in share.buckets)
    return f"{share} {version} ({_buckets(buckets)})" if buckets else f"{share} {version}"


def _buckets(buckets: Intervals) -> str:
    return f"bucket{'s' if size(buckets) > 1 else ''} {buckets_in_words(buckets)}"


def _all_of(tests: Conjunction) -> str:
    return " and ".join(map(_test, tests)) or "every request"


def _test(test: Test) -> str:
    if isinstance(test.matcher, Buckets):
        intervals = test.matcher.intervals
        if intervals == ALL:
            return f"{test.field.kind} {test.field.name} is any ticket"
        users = percent(basis_points(intervals))
        return f"{test.field.kind} {test.field.name} has a ticket of {_buckets(intervals)}, {users} of the users"
    return describe(test).replace('"', "")
