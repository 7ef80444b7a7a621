"""Canaries whose users are others because the plan is another one: the third and those behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graymesh.ir.cohorts import cohort
from graymesh.ir.wording import percent
from graymesh.language.model import Spec
from graymesh.language.shares import largest_weights


def shifted(old: Spec, new: Spec) -> Iterator[str]:
    """Why users of a canary move although its weight is as before, for those whose place follows from the plan."""
    if not old.sticky or not new.sticky:
        return
    was, now = _most(old), _most(new)
    before, after = cohort(0, [was]).begins, cohort(0, [now]).begins
    moved = [name for name in list(after)[2:] if name in before and before[name] != after[name]]
    if moved:
        ahead = [name for name in {**was, **now} if was.get(name) != now.get(name)]
        said = ", ".join(f"{name} {_part(now, name)}, was {_part(was, name)}" for name in ahead)
        why = f" ({said})" if said else ""
        verb = "get" if len(moved) > 1 else "gets"
        names = " and ".join(moved)
        yield f"{names} {verb} other users, standing behind the most that canaries before ever get{why}"


def _most(spec: Spec) -> dict[str, int]:
    return largest_weights(spec.routes, spec.stages, spec.canaries)


def _part(most: Mapping[str, int], name: str) -> str:
    return percent(most[name]) if name in most else "none"
