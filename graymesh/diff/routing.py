"""Two route tables → what requests meet differently, each difference with a request that shows it.

Every pair of routes that do different things with one request is looked at
(`graymesh.proof.equivalence.differences`). What the pairs have in common is told once: by audience, everyone else as
one, and effects for all whom they concern.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from graymesh.diff.effects import Effect, effects
from graymesh.diff.known import PREFLIGHTS, KnownTable, same, words
from graymesh.diff.model import Move, Shares
from graymesh.diff.movement import moves, redrawn, ticket_notes
from graymesh.diff.numbers import numbered
from graymesh.diff.sections import shares_of
from graymesh.ir.preflights import PREFLIGHT
from graymesh.ir.release import Condition, Route
from graymesh.ir.semantics import Request, first_met
from graymesh.ir.tickets import ticket_of
from graymesh.proof.equivalence import UndecidableError, common, differences
from graymesh.proof.outcomes import outcome

EVERYONE = "everyone else"
NEW_USERS = "new users"
EVERY = "every request"
BY_ROUTES = "as routes and shares have it"


@dataclass(frozen=True, kw_only=True)
class RoutingDifference:
    """A difference with the routes that make it; `i` and `j` index the tables, one behind the last for no route.

    `audience` names the audience that is concerned, if one alone is. `request` is decided differently.
    """

    who: str
    what: str
    old: str
    new: str
    i: int
    j: int
    request: Request | None
    audience: str = ""
    old_shares: Shares = ()
    new_shares: Shares = ()
    moves: tuple[Move, ...] = ()
    notes: tuple[str, ...] = ()
    redrawn: bool = False


@dataclass(frozen=True)
class RoutePair:
    """Route i of the old table and route j of the new one take this request and do different things with it."""

    i: int
    j: int
    request: Request
    old: Route | None
    new: Route | None

    @property
    def of_preflights(self) -> bool:
        """Is one of them for preflights and nothing else?"""
        return any(route is not None and route.condition == PREFLIGHT for route in (self.old, self.new))

    @property
    def same_versions(self) -> bool:
        """Do the same versions answer?"""
        return same(shares_of(self.old), shares_of(self.new))


def route_changes(old: KnownTable, new: KnownTable) -> tuple[list[RoutingDifference], str]:
    """All differences; and why there may be more of them, "" when there are not."""
    pairs: list[RoutePair] = []
    reason = ""
    try:
        for i, j, request in differences(old.table, new.table):
            pairs.append(RoutePair(i, j, request, old.route(i), new.route(j)))
    except UndecidableError as error:
        reason = str(error)
        pairs += _tried(old, new, {(pair.i, pair.j) for pair in pairs})
    others = [pair for pair in pairs if not pair.of_preflights]
    found = [*_everyone_else(old, new, others), *_audiences(old, new, others), *_preflights(pairs)]
    told = [pair for pair in pairs if not pair.same_versions]
    return [*found, *_effects(old, new, pairs, told)], reason


def _preflights(pairs: Sequence[RoutePair]) -> Iterator[RoutingDifference]:
    """What one side sends to stable before anybody is looked at. No user moves: preflights are nobody's."""
    mine = [pair for pair in pairs if pair.of_preflights and not pair.same_versions]
    if mine:
        before, after = ({shares_of(route): route for route in side} for side in zip(*map(_sides, mine), strict=True))
        old_shares, new_shares = (next(iter(each)) if len(each) == 1 else () for each in (before, after))
        yield RoutingDifference(
            who=PREFLIGHTS,
            what="version",
            old=words(old_shares) if old_shares else BY_ROUTES,
            new=words(new_shares) if new_shares else BY_ROUTES,
            i=mine[-1].i,
            j=mine[-1].j,
            request=mine[0].request,
            old_shares=old_shares,
            new_shares=new_shares,
        )


def _sides(pair: RoutePair) -> tuple[Route | None, Route | None]:
    return pair.old, pair.new


def _sections(old: KnownTable, new: KnownTable, pair: RoutePair) -> tuple[int, int]:
    """What tells apart the routes that decide together."""
    return old.section(pair.i).first, new.section(pair.j).first


def _tried(old: KnownTable, new: KnownTable, known: set[tuple[int, int]]) -> Iterator[RoutePair]:
    """Pairs that plain requests meet, without a ticket and with those whose version changes; proof of nothing else."""
    cookie = old.everyone.cookie or new.everyone.cookie
    moved = moves(old, new, old.rest, new.rest)
    requests = [Request(), *(Request(cookies=((cookie, ticket_of(move.low)),)) for move, *_ in moved)]
    for request in requests:
        i, j = _index(old, request), _index(new, request)
        pair = RoutePair(i, j, request, old.route(i), new.route(j))
        if (i, j) not in known and outcome(pair.old) != outcome(pair.new):
            known.add((i, j))
            yield pair


def _index(table: KnownTable, request: Request) -> int:
    """The route that takes the request."""
    met = (number for number, route in enumerate(table.routes) if first_met(route.condition, request) is not None)
    return next(met, len(table.routes))


def _everyone_else(old: KnownTable, new: KnownTable, pairs: Sequence[RoutePair]) -> Iterator[RoutingDifference]:
    mine = [pair for pair in pairs if pair.i >= old.rest and pair.j >= new.rest and not pair.same_versions]
    if not mine:
        return
    before, after = old.everyone.shares, new.everyone.shares
    moved = _moved(old, new, old.rest, new.rest)
    first = _chosen(old, new, mine, moved)
    yield RoutingDifference(
        who=NEW_USERS if old.everyone.held != new.everyone.held and not moved else EVERYONE,
        what="version",
        old=words(before),
        new=words(after),
        i=first.i,
        j=first.j,
        request=first.request,
        old_shares=before,
        new_shares=after,
        moves=moved,
        notes=tuple(ticket_notes(old, new)),
        redrawn=redrawn(old, new),
    )


def _moved(old: KnownTable, new: KnownTable, i: int, j: int) -> tuple[Move, ...]:
    """Users who move between the sections of two routes: by bucket, then by the last digits of their identity."""
    by_digits = numbered(old, new, old.section(i), new.section(j))
    return tuple(_real(old, new, chain(moves(old, new, i, j), by_digits)))


def _real(old: KnownTable, new: KnownTable, found: Iterable[tuple[Move, int, int, Condition]]) -> Iterator[Move]:
    """Moves of users that there are: not of buckets that an audience takes all users of."""
    for move, i, j, within in found:
        if _reached(old, new, i, j, within):
            yield move


def _reached(old: KnownTable, new: KnownTable, i: int, j: int, within: Condition) -> bool:
    try:
        return common(old.table, i, new.table, j, within) is not None
    except UndecidableError:
        return True


def _chosen(old: KnownTable, new: KnownTable, pairs: Sequence[RoutePair], moved: Sequence[Move]) -> RoutePair:
    """The pair to show: one of the first users that move, else one without choice on either side, else any."""
    for move in moved:
        for pair in pairs:
            before, after = words(shares_of(pair.old)), words(shares_of(pair.new))
            if (before, after) == (move.old, move.new):
                return pair
    return pairs[0]


def _audiences(old: KnownTable, new: KnownTable, pairs: Sequence[RoutePair]) -> Iterator[RoutingDifference]:
    """Audiences whose requests are answered by other versions, each audience and outcome once."""
    seen: dict[tuple[str, str, str], tuple[int, RoutingDifference]] = {}
    for pair in pairs:
        if pair.same_versions or (pair.i >= old.rest and pair.j >= new.rest):
            continue
        for who, request in _named(old, new, pair):
            found = _audience(old, new, pair, who, request)
            key = (found.who, found.old, found.new)
            plain = _shows(pair, old, new, found.moves)
            if key not in seen or plain >= max(seen[key][0], 1):
                seen[key] = plain, found
    yield from (found for _, found in seen.values())


def _shows(pair: RoutePair, old: KnownTable, new: KnownTable, moved: Sequence[Move]) -> int:
    """How well a pair shows the difference: 2 by users who move where a share is drawn, 1 by unknown ones."""
    sections = old.section(pair.i), new.section(pair.j)
    drawn = any(not each.of_everyone and each.after - each.first > 1 for each in sections)
    became = words(shares_of(pair.old)), words(shares_of(pair.new))
    if drawn and moved and became == (moved[0].old, moved[0].new):
        return 2
    return int((pair.i, pair.j) == tuple(each.main for each in sections))


def _audience(old: KnownTable, new: KnownTable, pair: RoutePair, who: str, request: Request) -> RoutingDifference:
    before, after = old.versions_of(pair.i), new.versions_of(pair.j)
    moved = _moved(old, new, pair.i, pair.j)
    return RoutingDifference(
        who=_audience_in_words(old, new, pair, who) if who else _taken(old, new, pair),
        what="version",
        old=words(before),
        new=words(after),
        i=pair.i,
        j=pair.j,
        request=request,
        audience=who,
        old_shares=before,
        new_shares=after,
        moves=moved,
    )


def _audience_in_words(old: KnownTable, new: KnownTable, pair: RoutePair, who: str) -> str:
    """`audience testers`; and which part of it, when its definition is another one or another's route takes them."""
    left, came = pair.i < old.rest and pair.j >= new.rest, pair.i >= old.rest and pair.j < new.rest
    if (left or came) and _redefined(old, new, who):
        return f"audience {who} ({'those no longer in it' if left else 'those new in it'})"
    others = [name for name, _ in new.audiences.get(pair.j, ())] if pair.i < old.rest and pair.j < new.rest else []
    also = f" (if also in {' or '.join(others)})" if others and who not in others else ""
    return f"audience {who}{also}"


def _redefined(old: KnownTable, new: KnownTable, who: str) -> bool:
    """Do both sides have the audience, with other definitions?"""
    sides = ({name: condition for each in table.audiences.values() for name, condition in each} for table in (old, new))
    before, after = (side.get(who) for side in sides)
    return before is not None and after is not None and before != after


def _taken(old: KnownTable, new: KnownTable, pair: RoutePair) -> str:
    return f"requests of {old.who(pair.i) if pair.i < old.rest else new.who(pair.j)}"


def _named(old: KnownTable, new: KnownTable, pair: RoutePair) -> Iterator[tuple[str, Request]]:
    """The audiences that requests of the pair belong to, each with such a request; "" when none is known."""
    named = old.audiences.get(pair.i, ()) if pair.i < old.rest else ()
    named = named or (new.audiences.get(pair.j, ()) if pair.j < new.rest else ())
    if len(named) < 2:
        yield (named[0][0] if named else ""), pair.request
        return
    for name, condition in named:
        request = _within(old, new, pair, condition)
        if request is not None:
            yield name, request


def _within(old: KnownTable, new: KnownTable, pair: RoutePair, condition: Condition) -> Request | None:
    try:
        return common(old.table, pair.i, new.table, pair.j, condition)
    except UndecidableError:
        return pair.request


def _effects(
    old: KnownTable, new: KnownTable, pairs: Sequence[RoutePair], told: Sequence[RoutePair]
) -> Iterator[RoutingDifference]:
    """Effects by what becomes what, told once for all pairs; no pair goes without a word."""
    grouped: dict[Effect, list[RoutePair]] = {}
    moved = {_sections(old, new, pair) for pair in told}
    for pair in pairs:
        for each in _of_pair(old, new, pair, pair in told, _sections(old, new, pair) in moved):
            grouped.setdefault(each, []).append(pair)
    for (what, version, before, after), mine in grouped.items():
        first, who = mine[0], version or _who(old, new, mine)
        yield RoutingDifference(who=who, what=what, old=before, new=after, i=first.i, j=first.j, request=first.request)


def _of_pair(old: KnownTable, new: KnownTable, pair: RoutePair, told: bool, moved: bool) -> list[Effect]:
    before, after = pair.old, pair.new
    sections = old.section(pair.i), new.section(pair.j)
    crossing = sections[0].of_everyone != sections[1].of_everyone or sections[0].cookie != sections[1].cookie
    found = list(effects(before, after, crossing)) if before and after else []
    if found or told:
        return found
    found = list(effects(before, after, False)) if before and after else []
    if found or moved:
        return found
    return [("split", "", words(shares_of(before)), words(shares_of(after)))]


def _who(old: KnownTable, new: KnownTable, pairs: Sequence[RoutePair]) -> str:
    """All whom the pairs concern, by name."""
    if {pair.j for pair in pairs} >= new.reached:
        return EVERY
    names = dict.fromkeys(_short(old, new, pair) for pair in pairs)
    return ", ".join(names)


def _short(old: KnownTable, new: KnownTable, pair: RoutePair) -> str:
    if pair.j < new.rest:
        return f"audience {new.who(pair.j)}" if pair.j in new.audiences else new.who(pair.j)
    if pair.i < old.rest:
        return f"audience {old.who(pair.i)}" if pair.i in old.audiences else old.who(pair.i)
    return EVERYONE
