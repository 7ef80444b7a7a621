"""Cases of locations, in order, as the routes of a table: those that differ by one draw are the shares of one route."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from graymesh.ir.buckets import ALL
from graymesh.ir.cohorts import basis_points, size
from graymesh.ir.release import BUCKET_COUNT, TICKET, Condition, Field, Intervals, Policy, Route, Share, Split
from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.tickets import handed_out
from graymesh.targets.nginx.decode_definitions import Definitions
from graymesh.targets.nginx.decode_draws import BY_ID
from graymesh.targets.nginx.decode_effects import LocationEffects
from graymesh.targets.nginx.decode_lists import Draws
from graymesh.targets.nginx.decode_maps import SplitDefinition


class Row(NamedTuple):
    """One case of a location."""

    condition: Condition
    draws: Draws
    effects: LocationEffects
    policy: Policy


def routes(rows: Sequence[Row], keys: Mapping[str, Field | None], definitions: Definitions) -> Iterator[Route]:
    """The routes of these cases; `keys` are the fields that draws hash. Raises NotUnderstood."""
    index = number = 0
    while index < len(rows):
        row = rows[index]
        if row.draws and not isinstance(row.draws[0][1], int):
            group = _of_one_draw(rows[index:])
            number += 1
            split = Split(tuple(map(_bucket_share, group)), keys.get(row.draws[0][0]))
            yield Route(name=f"route-{number}", condition=row.condition, split=split, policy=row.policy)
            index += len(group)
            continue
        parts = _parts(row, definitions)
        group = rows[index : index + max(len(parts), 1)]
        number += 1
        if parts and not _complete(group, row, len(parts)):
            raise NotUnderstood("split_clients", "what is drawn is not told apart last", None)
        yield Route(
            name=f"route-{number}",
            condition=row.condition,
            split=_split(group, parts, keys),
            policy=row.policy,
        )
        index += len(group)


def _of_one_draw(rows: Sequence[Row]) -> Sequence[Row]:
    """The first rows, which between them take all buckets of one draw. Raises NotUnderstood."""
    first, taken = rows[0], list[Intervals]()
    for count, row in enumerate(rows, 1):
        if [name for name, _ in row.draws] != [first.draws[0][0]]:
            break
        if (row.condition, row.policy) != (first.condition, first.policy):
            break
        taken.append(_buckets(row))
        if sum(map(size, taken)) == BUCKET_COUNT:
            return rows[:count]
    raise NotUnderstood("map", "what is drawn is not told apart last", None)


def _buckets(row: Row) -> Intervals:
    found = row.draws[0][1]
    return () if isinstance(found, int) else found


def _bucket_share(row: Row) -> Share:
    """A share of the buckets. A ticket that is handed out has them only where it is itself what is drawn."""
    buckets = _buckets(row)
    found = _share(row.effects, basis_points(buckets))
    itself = row.draws[0][0] == BY_ID and found.buckets == ALL
    if found.set_cookie and found.set_cookie.value == TICKET and not itself:
        raise NotUnderstood("add_header", "the ticket has nothing to do with the version that was drawn", None)
    return replace(found, buckets=buckets)


def _parts(row: Row, definitions: Definitions) -> tuple[int, ...]:
    """The basis points of the draw that a row depends on, none when it depends on none.

    Raises NotUnderstood for several.
    """
    if not row.draws:
        return ()
    definition = definitions.known[row.draws[0][0]]
    if len(row.draws) > 1 or not isinstance(definition, SplitDefinition):
        raise NotUnderstood("split_clients", "several draws for one request", None)
    return tuple(points for points, _ in definition.parts)


def _complete(group: Sequence[Row], first: Row, count: int) -> bool:
    expected = [((first.draws[0][0], part),) for part in range(count)]
    return [row.draws for row in group] == expected and all(
        (row.condition, row.policy) == (first.condition, first.policy) for row in group
    )


def _split(group: Sequence[Row], parts: Sequence[int], keys: Mapping[str, Field | None]) -> Split:
    if not parts:
        return Split((_share(group[0].effects, 10_000),))
    shares = tuple(_share(row.effects, points) for row, points in zip(group, parts, strict=True))
    key = keys.get(group[0].draws[0][0])
    return Split(shares, key)


def _share(found: LocationEffects, points: int) -> Share:
    cookie, buckets = handed_out(found.set_cookie)
    return Share(
        version=found.version,
        basis_points=points,
        buckets=buckets,
        set_cookie=cookie,
        request_headers=found.request_headers,
        response_headers=found.response_headers,
    )
