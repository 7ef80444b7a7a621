"""Decision lists: what a variable is, as entries in order; the first whose condition holds gives the value.

The last entry of a list takes what is left. An entry's condition is a disjunction of conjunctions of tests, and the
results of draws, which exclude each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from graymesh.ir.cohorts import common
from graymesh.ir.release import ALWAYS, Absent, Condition, Conjunction, Intervals, Networks, Present, Test
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.nginx.decode_values import Pieces

MOST_ENTRIES: Final = 4_000
MOST_NEIGHBOURS: Final = 200_000
"""Before those that give one value are put together."""

MOST_CONJUNCTIONS: Final = 10_000

Draws = tuple[tuple[str, int | Intervals], ...]
"""Results of draws: (the variable that holds the draw, the number of its part), or (what is drawn, the buckets)."""


class ListEntry(NamedTuple):
    """One entry: when, and then what."""

    condition: Condition
    draws: Draws
    value: Pieces


Entries = tuple[ListEntry, ...]


def always(value: Pieces) -> Entries:
    """A list that gives one value to every request."""
    return (ListEntry(ALWAYS, (), value),)


def only(entries: Entries) -> Pieces | None:
    """The value of a list that gives one to every request."""
    return entries[0].value if len(entries) == 1 else None


def both(left: Condition, right: Condition) -> Condition:
    """The condition that holds when both do. Raises NotUnderstood when it would be too large."""
    if left == ALWAYS:
        return right
    if right == ALWAYS:
        return left
    if len(left) * len(right) > MOST_CONJUNCTIONS:
        raise NotUnderstood("map", f"conditions with more than {MOST_CONJUNCTIONS} alternatives")
    return tuple(dict.fromkeys(_merged(first, second) for first in left for second in right))


def any_of(conditions: Iterable[Condition]) -> Condition:
    """The condition that holds when one of them does."""
    found = list(conditions)
    return ALWAYS if ALWAYS in found else tuple(dict.fromkeys(tests for condition in found for tests in condition))


def drawn(left: Draws, right: Draws) -> Draws | None:
    """The results of both together, None when they contradict each other."""
    if not right or left == right:
        return left
    results = dict(left)
    for name, part in right:
        known = results.setdefault(name, part)
        if not isinstance(part, int) and not isinstance(known, int):
            results[name] = common(known, part)
            if not results[name]:
                return None
        elif known != part:
            return None
    return tuple(results.items())


def under(entry: ListEntry, below: Iterable[ListEntry]) -> Iterator[ListEntry]:
    """The cases of a list that is asked only where the entry holds."""
    for sub in below:
        draws = drawn(entry.draws, sub.draws)
        if draws is not None:
            yield ListEntry(both(entry.condition, sub.condition), draws, sub.value)


def normal(entries: Iterable[ListEntry]) -> Entries:
    """The same list, shorter: nothing after the entry that takes all, equal neighbours together, no idle end."""
    found: list[ListEntry] = []
    conditions: list[list[Condition]] = []  # of the neighbours that each entry found stands for
    for number, entry in enumerate(entries):
        before = found[-1] if found else None
        if before and before.value == entry.value and not before.draws and not entry.draws:
            conditions[-1].append(entry.condition)
        else:
            found.append(entry)
            conditions.append([entry.condition])
        if entry.condition == ALWAYS and not entry.draws:
            break
        if len(found) > MOST_ENTRIES or number > MOST_NEIGHBOURS:
            raise NotUnderstood("map", f"more than {MOST_ENTRIES} cases")
    joint = (each._replace(condition=_any(given)) for each, given in zip(found, conditions, strict=True))
    return tuple(_complementary(list(joint)))


def opposite(condition: Condition) -> Condition | None:
    """The condition that holds when this one does not, where it can be said without a not."""
    if len(condition) != 1 or len(condition[0]) != 1:
        return None
    field, matcher = condition[0][0].field, condition[0][0].matcher
    if isinstance(matcher, Present):
        return ((Test(field, Absent()),),)
    return ((Test(field, Present()),),) if isinstance(matcher, Absent) else None


def _complementary(entries: Sequence[ListEntry]) -> Sequence[ListEntry]:
    """Two cases of which one is the other's opposite both say their condition."""
    if len(entries) != 2 or entries[1].condition != ALWAYS or entries[0].draws or entries[1].draws:
        return entries
    other = opposite(entries[0].condition)
    return entries if other is None else (entries[0], entries[1]._replace(condition=other))


def _any(conditions: Sequence[Condition]) -> Condition:
    """The condition that holds when one of these does; networks at the beginning become one list of networks."""
    if ALWAYS in conditions:
        return ALWAYS
    if len(conditions) == 1:
        return conditions[0]
    networks: set[str] = set()
    first, count = _networks(conditions[0]), 0
    for condition in conditions:
        test = _networks(condition)
        if not first or not test or test.field != first.field:
            break
        networks.update(test.matcher.networks)  # type: ignore[union-attr]
        count += 1
    together = [((Test(first.field, Networks(tuple(sorted(networks)))),),)] if first else []
    return tuple(
        dict.fromkeys(conjunction for condition in (*together, *conditions[count:]) for conjunction in condition)
    )


def _networks(condition: Condition) -> Test | None:
    test = condition[0][0] if len(condition) == 1 and len(condition[0]) == 1 else None
    return test if test and isinstance(test.matcher, Networks) else None


def _merged(left: Conjunction, right: Conjunction) -> Conjunction:
    return tuple(dict.fromkeys((*left, *right)))
