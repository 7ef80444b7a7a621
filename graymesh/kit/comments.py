"""What comments in generated files say: who wrote them, who is meant by an audience, and who gets which share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from textwrap import wrap
from typing import Final

from graymesh.ir.release import ALWAYS, BUCKETS, Buckets, Condition, Conjunction, Route, Share, Split, Test
from graymesh.ir.semantics import describe
from graymesh.ir.wording import percent
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
    """`testers: header x-gray-version is v2; to v2.` or `everyone: 5% v2 (buckets 0000-0499), 95% v1, drawn by chance.`

    Both together for a route that shares out what it takes.
    """
    versions = route.split.versions
    whereto = f"to {next(iter(versions))}" if len(versions) == 1 else split_in_words(route.split)
    who = f"{condition_in_words(route.condition)}; " if route.condition != ALWAYS else ""
    return f"{route.name}: {who}{whereto}."


def condition_in_words(condition: Condition) -> str:
    """`header x-gray-version is v2, or cookie beta is 1 and path is /api or below`."""
    return ", or ".join(map(_all_of, condition))


def bucket_ranges(shares: Sequence[Share]) -> list[tuple[int, int]]:
    """The first and last bucket of each share, when they stand side by side."""
    ends = list(accumulate(share.basis_points for share in shares))
    return [(end - share.basis_points, end - 1) for share, end in zip(shares, ends, strict=True)]


def range_in_words(first: int, last: int) -> str:
    """`0000-0499`."""
    return f"{first:04}-{last:04}"


def split_in_words(split: Split) -> str:
    """`5% v2 (buckets 0000-0499), 95% v1 (buckets 0500-9999), drawn by cookie uid`."""
    parts = [(share, ends) for share, ends in zip(split.shares, bucket_ranges(split.shares), strict=True)]
    parts = [part for part in parts if part[0].basis_points]
    versions = dict.fromkeys(share.version for share, _ in parts)
    said = ", ".join(_version_in_words(version, parts) for version in versions)
    if len(parts) < 2:
        return said
    key = f"by {split.key.kind} {split.key.name}, by chance without one" if split.key else "by chance"
    return f"{said}, drawn {key}"


def _version_in_words(version: str, parts: Sequence[tuple[Share, tuple[int, int]]]) -> str:
    mine = [part for part in parts if part[0].version == version]
    share = percent(sum(share.basis_points for share, _ in mine))
    kept = [ends for share, ends in mine if share.set_cookie]
    ranges = " and ".join(range_in_words(*ends) for ends in _touching(kept))
    return f"{share} {version} (buckets {ranges})" if kept else f"{share} {version}"


def _touching(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for first, last in ranges:
        if found and found[-1][1] + 1 == first:
            found[-1] = found[-1][0], last
        else:
            found.append((first, last))
    return found


def _all_of(tests: Conjunction) -> str:
    return " and ".join(map(_test, tests)) or "every request"


def _test(test: Test) -> str:
    if isinstance(test.matcher, Buckets):
        ranges = " or ".join(range_in_words(*ends) for ends in test.matcher.intervals)
        users = sum(last - first + 1 for first, last in test.matcher.intervals)
        return f"{test.field.kind} {test.field.name} in {ranges}" + (
            f", {percent(users)} of the users" if users < BUCKETS else ""
        )
    return describe(test).replace('"', "")
