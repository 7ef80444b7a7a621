"""Patterns of a group of paths, as the Spring Cloud Gateway adapter applies them to the path of a request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from graymesh.targets.sentinel.rules import Rule, blank
from graymesh.targets.sentinel.values import FieldProblem

_WILDCARDS: Final = frozenset("*?{")


def pattern_of(item: Rule) -> str | FieldProblem:
    """`exact /a`, `prefix /api` (whole segments), `ant /a/*/b` or `regex …`; a problem when no path can match."""
    pattern = item["pattern"]
    if blank(pattern):
        return FieldProblem("predicateItems.pattern", "is blank: the adapter leaves the item out")
    match item["matchStrategy"]:
        case 0:
            return _rooted(pattern, f"exact {pattern}")
        case 1:
            return _rooted(pattern, _ant(pattern))
        case 2:
            message = regex_problem(pattern)
            return FieldProblem("predicateItems.pattern", message) if message else f"regex {pattern}"
        case _:
            return FieldProblem("predicateItems.matchStrategy", "is none of 0 (exact), 1 (Ant pattern), 2 (regex)")


def regex_problem(pattern: str) -> str:
    """Why a regular expression is not understood, or the empty string. Sentinel matches whole values."""
    from graymesh.proof.regex.portable import problems

    return next((problem.message for problem in problems(pattern)), "")


def too_much(patterns: Iterable[str]) -> bool:
    """Are these patterns, each counted once, more than is looked at?"""
    from graymesh.proof.regex.portable import MOST_EFFORT, effort

    spent = 0
    for pattern in dict.fromkeys(patterns):
        spent += effort(pattern)
        if spent > MOST_EFFORT:
            return True
    return False


def _ant(pattern: str) -> str | FieldProblem:
    if not _WILDCARDS & set(pattern):
        return FieldProblem(
            "predicateItems.pattern", f"has no wildcard and never matches: write {pattern.rstrip('/')}/**"
        )
    start = pattern.removesuffix("/**")
    return f"ant {pattern}" if start == pattern or _WILDCARDS & set(start) else f"prefix {start or '/'}"


def _rooted(pattern: str, words: str | FieldProblem) -> str | FieldProblem:
    return (
        words
        if pattern.startswith("/")
        else FieldProblem("predicateItems.pattern", "does not start with /: no path does")
    )
