"""Two tests of one path, or of one identity, as a single one, since some engines have one place for it."""

from __future__ import annotations

from graymesh.ir.release import Absent, Matcher, OneOf, PathPrefix, Present, Suffix
from graymesh.ir.semantics import matches


def narrowed(left: Matcher, right: Matcher) -> Matcher | None:
    """What both take; None when that is nothing. Raises ValueError when no matcher says it."""
    if left == right:
        return left
    if Absent() in (left, right):
        return None
    if Present() in (left, right):
        return right if left == Present() else left
    for one, other in ((left, right), (right, left)):
        if isinstance(one, OneOf):
            values = tuple(value for value in one.values if matches(other, value))
            return OneOf(values) if values else None
    for one, other in ((left, right), (right, left)):
        if isinstance(one, PathPrefix) and isinstance(other, PathPrefix) and matches(other, one.value):
            return one
        if isinstance(one, Suffix) and isinstance(other, Suffix) and one.value.endswith(other.value):
            return one
        if one == PathPrefix("/"):
            return other
    if type(left) is type(right) and isinstance(left, PathPrefix | Suffix):
        return None
    raise ValueError("no matcher takes what both of these take")


def can_be_narrowed(left: Matcher, right: Matcher) -> bool:
    """Is there a matcher for what both take, or nothing that both take?"""
    try:
        narrowed(left, right)
    except ValueError:
        return False
    return True
