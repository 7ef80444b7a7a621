"""Routes of one gateway as a table for each set of hosts that belongs together.

Spring sorts routes by `order`, keeps the file's order among equals, and takes the first that matches. A weight group
draws one of its routes for each request, whatever their other predicates say, and the others do not match: a group is
a split only when its routes stand side by side and ask for the same; else some requests are answered 404.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graymesh.ir.release import (
    WHOLE,
    Condition,
    Field,
    Kind,
    OneOf,
    Route,
    RouteTable,
    Share,
    Split,
    Test,
)
from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.tickets import handed_out
from graymesh.targets.spring_cloud_gateway.decode_routes import DecodedRoute, Hosts

ANY_HOST = "*"

Groups = Mapping[str, Sequence[DecodedRoute]]


@dataclass(frozen=True, slots=True)
class HostRoutes:
    """The routes that may take requests for these hosts, in order; no hosts stand for all that no other set names."""

    hosts: Hosts
    entries: tuple[DecodedRoute, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The hosts, sorted; `*` for all others."""
        return tuple(sorted(self.hosts)) or (ANY_HOST,)


def by_hosts(entries: Sequence[DecodedRoute]) -> list[HostRoutes]:
    """The routes for each set of hosts that share a route, in order of the sets' first routes."""
    ordered = sorted(entries, key=_rank)
    everywhere = [entry for entry in ordered if entry.hosts is None]
    owner = _joined([entry.hosts for entry in ordered if entry.hosts is not None])
    own: dict[Hosts, list[DecodedRoute]] = defaultdict(list)
    for entry in ordered:
        if entry.hosts is not None:
            own[owner[next(iter(entry.hosts))]].append(entry)
    found = [HostRoutes(hosts, tuple(_merged(routes, everywhere))) for hosts, routes in own.items()]
    return [*found, HostRoutes(frozenset(), tuple(everywhere))] if everywhere else found


def groups_of(entries: Sequence[DecodedRoute]) -> Groups:
    """The members of every weight group."""
    groups: dict[str, list[DecodedRoute]] = defaultdict(list)
    for entry in entries:
        if entry.weight:
            groups[entry.weight.group].append(entry)
    return groups


def table(found: HostRoutes, groups: Groups) -> RouteTable:
    """The decision for these hosts. Raises NotUnderstood for weight groups that are no split."""
    return RouteTable(tuple(_routes(found, groups)))


def _rank(entry: DecodedRoute) -> tuple[int, int]:
    return entry.order, entry.index


def _merged(own: list[DecodedRoute], everywhere: list[DecodedRoute]) -> list[DecodedRoute]:
    return sorted([*own, *everywhere], key=_rank) if everywhere else own


def _joined(sets: Sequence[Hosts]) -> dict[str, Hosts]:
    """For each host, all hosts that it shares a set with, directly or through others."""
    owner: dict[str, Hosts] = {}
    for hosts in dict.fromkeys(sets):
        known = {owner[host] for host in hosts if host in owner}
        if known != {hosts}:
            together = hosts.union(*known)
            owner.update(dict.fromkeys(together, together))
    return owner


def _routes(found: HostRoutes, groups: Groups) -> Iterator[Route]:
    position = 0
    while position < len(found.entries):
        first = found.entries[position]
        members = groups[first.weight.group] if first.weight else (first,)
        run = found.entries[position : position + len(members)]
        if first.weight:
            _check_group(first.weight.group, members, run)
        yield _route(found.hosts, run)
        position += len(members)


def _check_group(group: str, members: Sequence[DecodedRoute], run: Sequence[DecodedRoute]) -> None:
    first = run[0]
    if {entry.index for entry in run} != {entry.index for entry in members}:
        message = f"the routes of group {group!r} do not stand side by side for the same hosts"
        raise NotUnderstood("Weight", message)
    if any((entry.named, entry.condition) != (first.named, first.condition) for entry in run):
        message = f"the routes of group {group!r} have different predicates: some requests meet none of them"
        raise NotUnderstood("Weight", message)
    if any(entry.effects.policy != first.effects.policy for entry in run):
        raise NotUnderstood("Weight", f"the routes of group {group!r} have different time limits or retries")


def _route(hosts: Hosts, run: Sequence[DecodedRoute]) -> Route:
    first = run[0]
    return Route(
        name=first.weight.group if first.weight else first.id,
        condition=_within(first, hosts),
        split=Split(tuple(_shares(run))),
        policy=first.effects.policy,
    )


def _within(entry: DecodedRoute, hosts: Hosts) -> Condition:
    """The condition among requests for these hosts; a route for some of them asks for its own."""
    own = [Test(Field(Kind.HOST), OneOf(tuple(sorted(names)))) for names in entry.named if not hosts <= names]
    return tuple((*own, *tests) for tests in entry.condition) if own else entry.condition


def _shares(run: Sequence[DecodedRoute]) -> Iterator[Share]:
    total = sum(entry.weight.amount if entry.weight else 1 for entry in run)
    if not total:
        raise NotUnderstood("Weight", "the weights of the group add up to nothing: no request meets its routes")
    for entry in run:
        amount = WHOLE * (entry.weight.amount if entry.weight else 1)
        if amount % total:
            raise NotUnderstood("Weight", f"{amount // WHOLE} of {total} is not a whole number of basis points")
        if amount:
            cookie, buckets = handed_out(entry.effects.set_cookie)
            yield Share(
                version=entry.version,
                basis_points=amount // total,
                buckets=buckets,
                set_cookie=cookie,
                request_headers=entry.effects.request_headers,
                response_headers=entry.effects.response_headers,
            )
