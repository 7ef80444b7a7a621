"""Evaluates variables symbolically: each is a decision list over the request, and lists are put together in order.

Lists compose by products in which the first list's cases come first: for every request the first entry that holds is
then the one with the first case of each list that holds. So conditions never need a "not".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from graymesh.ir.release import ALWAYS, Field, Kind
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.nginx.decode_draws import by_digits, by_request_id, hashed_alike
from graymesh.targets.nginx.decode_identity import identity, settled_field
from graymesh.targets.nginx.decode_lists import Draws, Entries, ListEntry, always, both, drawn, normal, only, under
from graymesh.targets.nginx.decode_maps import (
    CheckDefinition,
    ClaimsDefinition,
    Definition,
    GeoDefinition,
    MapDefinition,
    SplitDefinition,
)
from graymesh.targets.nginx.decode_positions import SideBySide
from graymesh.targets.nginx.decode_values import UNIQUE, Capture, Piece, Pieces, Raw, Room, builtin, joined, literal_of
from graymesh.targets.nginx.quoting import Variable

TOKEN = "gm_token"  # noqa: S105  the name of a variable
"""The variable in which our own program looks for the token."""

KEYS = "gm_keys"
ISSUER = "gm_issuer"
"""Those in which it looks for the name of the keys, and for who must have issued a token."""

CHECKED = "gm_checked"
"""The variable whose `set` reads what makes it verify a token, so that this is done before anything is decided."""

VERIFIED = "gm_verified"
"""The variable in which it puts the claims of a token that it has verified; empty until then."""

_MOST_CASES = 4_000


@dataclass
class Definitions:
    """All variables that the files define; lists that are the same for every server are kept.

    `settable` are the variables that some `set` gives a value to, anywhere.
    """

    known: Mapping[str, Definition]
    broken: Mapping[str, NotUnderstood] = field(default_factory=dict)
    settable: frozenset[str] = frozenset()
    kept: dict[object, tuple[object, Entries]] = field(default_factory=dict, repr=False)
    reads: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    settled: dict[str, Sequence[str]] = field(default_factory=dict, repr=False)

    def set_before(self, name: str) -> Sequence[str]:
        """The variables that must have been set before this one is read."""
        if name not in self.settled:
            self.settled[name] = sorted(self.settable & self.read_by(name))
        return self.settled[name]

    def read_by(self, name: str) -> frozenset[str]:
        """The variable and all that nginx reads to choose its value."""
        if name not in self.reads:
            self.reads[name] = frozenset([name])
            definition = self.known.get(name)
            below = [self.read_by(piece.name) for piece in _mentioned(definition) if isinstance(piece, Variable)]
            self.reads[name] = self.reads[name].union(*below)
        return self.reads[name]


def _mentioned(definition: Definition | None) -> Iterable[Piece]:
    match definition:
        case MapDefinition():
            values = [definition.default, *definition.exact.values(), *(each.value for each in definition.patterns)]
            return [*definition.source, *(piece for value in values for piece in value)]
        case SplitDefinition():
            return definition.key
        case ClaimsDefinition():
            return (Variable(TOKEN), Variable(CHECKED)) if definition.verified else (Variable(TOKEN),)
        case CheckDefinition():
            return (Variable(TOKEN), Variable(KEYS), Variable(ISSUER))
    return ()


class JointRow(NamedTuple):
    """One row of a joint list: when, and the values of all that was asked for."""

    condition: tuple[tuple, ...]  # type: ignore[type-arg]
    draws: Draws
    values: tuple[Pieces, ...]


class _Chosen(NamedTuple):
    """The values of the variables that were told apart so far; `told` keeps what others are then, and what is open."""

    values: Mapping[str, Pieces]
    told: dict[str, tuple[Pieces, list[str]]]


class Evaluator:
    """What variables mean in one server; `assigned` holds what `set` gave, with no such variable inside."""

    def __init__(self, definitions: Definitions, assigned: Mapping[str, Pieces], room: Room | None = None) -> None:
        self._definitions, self._room = definitions, room or Room()
        self.assigned = assigned
        self._lists: dict[str, Entries] = {}
        self._sources: dict[str, Pieces] = {}
        self._chosen: dict[str, Entries] = {}
        self._ones: dict[str, Pieces] = {}
        self._open: list[str] = []
        self._reads: dict[str, frozenset[str]] = {}
        self.keys: dict[str, Field | None] = {}
        self.trusted: set[tuple[str, ...]] = set()
        self.token = ""
        self.verified: set[tuple[str, str] | None] = set()

    def cases(self, wanted: Sequence[Pieces]) -> list[JointRow]:
        """The joint list of several values. Raises NotUnderstood."""
        found: list[JointRow] = []
        for case in islice(
            self._cases([self.substituted(pieces) for pieces in wanted], _Chosen({}, {})), _MOST_CASES + 1
        ):
            for value in case.values:
                self._room.take(value)
            found.append(case)
        if len(found) > _MOST_CASES:
            raise NotUnderstood("map", f"more than {_MOST_CASES} cases")
        return found

    def entries(self, name: str) -> Entries:
        """The decision list of a variable that a directive defines. Raises NotUnderstood."""
        if name not in self._lists:
            self._lists[name] = self._entries(name, self.definition(name))
        return self._lists[name]

    def definition(self, name: str) -> Definition:
        """What defines the variable. Raises NotUnderstood when nothing does, or nothing that is understood."""
        if name in self._definitions.broken:
            raise self._definitions.broken[name]
        if name not in self._definitions.known:
            raise NotUnderstood(f"${name}", "no directive in these files gives it a value")
        return self._definitions.known[name]

    def substituted(self, pieces: Pieces) -> Pieces:
        """The same value; only variables with several cases are left in it. Raises NotUnderstood."""
        if len(pieces) == 1:
            return self._one(pieces[0]) if isinstance(pieces[0], Variable) else pieces
        found: list[Piece] = []
        for piece in pieces:
            if isinstance(piece, Variable):
                found += self._one(piece)
            else:
                found.append(piece)
        return self._room.take(joined(found))

    def _one(self, variable: Variable) -> Pieces:
        name = variable.name
        if name not in self._ones:
            if name in self._open:
                raise NotUnderstood(f"${name}", "it depends on itself")
            self._open.append(name)
            self._ones[name] = self._single(variable)
            self._open.pop()
        return self._ones[name]

    def _single(self, variable: Variable) -> Pieces:
        name = variable.name
        if name in self.assigned:
            return self.substituted(self.assigned[name])
        if name not in self._definitions.known and name not in self._definitions.broken:
            return (builtin(name),)
        definition = self.definition(name)
        if isinstance(definition, MapDefinition) and self._has_cases(definition):
            return (variable,)
        single = only(self.entries(name))
        return (variable,) if single is None else single

    def _entries(self, name: str, definition: Definition) -> Entries:
        match definition:
            case GeoDefinition():
                if len(definition.entries) > 1:
                    self.trusted.add(definition.trusted)
                return definition.entries
            case SplitDefinition():
                self.keys[name] = self._key(definition)
                return definition.entries
            case ClaimsDefinition():
                return self._claims(definition)
            case CheckDefinition():
                raise NotUnderstood("js_set", f"${definition.name} says nothing about a request", definition.where)
        return self._resolved(self._choices(definition))

    def _claims(self, definition: ClaimsDefinition) -> Entries:
        match self.substituted(self.assigned.get(TOKEN, ())):
            case (Raw("header" | "first cookie" as what, name),):
                self.token = f"{what.removeprefix('first ')} {name}"
                self.verified.add(self._verified(definition) if definition.verified else None)
                return always((Raw("claims"),))
        raise NotUnderstood("js_set", f"${definition.name}: ${TOKEN} holds no token", definition.where)

    def _verified(self, definition: ClaimsDefinition) -> tuple[str, str]:
        """The file of keys and the issuer by which the token was verified before anybody read its claims."""
        known = self._definitions.known
        read = self.assigned.get(CHECKED, ())
        check = known.get(read[0].name) if len(read) == 1 and isinstance(read[0], Variable) else None
        keys, issuer = (self.substituted(self.assigned.get(name, ())) for name in (KEYS, ISSUER))
        name, who = (part[0] if len(part) == 1 and isinstance(part[0], str) else "" for part in (keys, issuer))
        if not isinstance(check, CheckDefinition) or name not in check.keys or not who:
            raise NotUnderstood("js_var", f"${definition.name}: nothing has a token verified before", definition.where)
        return check.keys[name], who

    def _has_cases(self, definition: MapDefinition) -> bool:
        """Is it clear already that the map has several values? Spares working out values that nobody asks for."""
        if definition.has_lines and any(isinstance(piece, Variable) for piece in self._source(definition)):
            return True
        choices = self._choices(definition)
        return len(choices) > 1 and _holds_variables(choices)

    def _choices(self, definition: MapDefinition) -> Entries:
        """Which line of a map is chosen when, its value as written; servers that ask the same share the list."""
        name = definition.name
        if name not in self._chosen:
            source = self._source(definition)
            lists = [self.entries(piece.name) for piece in source if isinstance(piece, Variable)]
            pieces = tuple("" if isinstance(piece, Variable) else piece for piece in source)
            key = (name, pieces, *map(id, lists))
            kept = self._definitions.kept.get(key)
            if kept is None:
                kept = self._definitions.kept[key] = lists, self._selected(definition, source)
            self._chosen[name] = kept[1]
        return self._chosen[name]

    def _source(self, definition: MapDefinition) -> Pieces:
        name = definition.name
        if name not in self._sources:
            try:
                self._sources[name] = self.substituted(definition.source)
            except NotUnderstood as refused:
                raise NotUnderstood(refused.field, refused.message, refused.where or definition.where) from refused
        return self._sources[name]

    def _selected(self, definition: MapDefinition, source: Pieces) -> Entries:
        try:
            return normal(self._lines(definition, source))
        except NotUnderstood as refused:
            if refused.where is not None:
                raise
            message = f"${definition.name}: {refused.field}: {refused.message}"
            raise NotUnderstood("map", message, definition.where) from refused

    def _lines(self, definition: MapDefinition, source: Pieces) -> Iterator[ListEntry]:
        if any(isinstance(piece, Capture) for piece in source):
            raise NotUnderstood(
                "map", f"${definition.name}: it looks at what another expression captured", definition.where
            )
        text = literal_of(source)
        if text is not None:
            return iter(always(definition.on_text(text)))
        if source == (UNIQUE,):
            return by_request_id(definition)
        if _joins_cookies(definition, source):
            return iter(always((*source, "; ", *definition.exact[""])))
        if self._hashed(source):
            return by_digits(definition, " ".join(piece.name for piece in source if isinstance(piece, Variable)))
        parts = [self.entries(piece.name) if isinstance(piece, Variable) else piece for piece in source]
        if all(isinstance(part, (str, Raw)) for part in parts):
            return definition.on_request(source)  # type: ignore[arg-type]
        row = None if any(isinstance(part, Raw) for part in parts) else SideBySide.of(parts)  # type: ignore[arg-type]
        if row and definition.rules is not None:
            return row.decide(definition.rules, definition.default)
        return self._enumerated(definition, source)

    def _hashed(self, source: Pieces) -> bool:
        """Is the source four digits of an identity, each by a hash of its own?"""
        found = [self._definitions.known.get(piece.name) for piece in source if isinstance(piece, Variable)]
        splits = [each for each in found if isinstance(each, SplitDefinition)]
        if len(splits) < len(source) or not hashed_alike(splits, self._key):
            return False
        self.keys[" ".join(split.name for split in splits)] = self._key(splits[0])
        return True

    def _enumerated(self, definition: MapDefinition, source: Pieces) -> Iterator[ListEntry]:
        single = source[0] if len(source) == 1 else None
        for entry in self.entries(single.name) if isinstance(single, Variable) else self._product(source):
            text = literal_of(entry.value)
            if text is not None:
                yield entry._replace(value=definition.on_text(text))
            else:
                yield from under(entry, definition.on_request(entry.value))  # type: ignore[arg-type]

    def _product(self, pieces: Pieces) -> Iterator[ListEntry]:
        """All cases of a value in which variables are left."""
        index = next((index for index, piece in enumerate(pieces) if isinstance(piece, Variable)), None)
        if index is None:
            yield ListEntry(ALWAYS, (), self._room.take(joined(pieces)))
            return
        variable = pieces[index]
        assert isinstance(variable, Variable)
        for entry in self.entries(variable.name):
            yield from under(entry, self._product((*pieces[:index], *entry.value, *pieces[index + 1 :])))

    def _resolved(self, selected: Entries) -> Entries:
        """The list with values in which no variable is left."""
        if not _holds_variables(selected):
            return settled_field(selected)
        return settled_field(normal(self._unfolded(selected)))

    def _unfolded(self, selected: Entries) -> Iterator[ListEntry]:
        for entry in selected:
            value = self.substituted(entry.value)
            if any(isinstance(piece, Variable) for piece in value):
                yield from under(entry, self._product(value))
            else:
                yield entry._replace(value=value)

    def _key(self, split: SplitDefinition) -> Field | None:
        """The field that a draw hashes, None when it is random.

        Raises NotUnderstood where a missing key is not random.
        """
        fixed = tuple(piece for piece in self.substituted(split.key) if not isinstance(piece, str))
        if len(fixed) == 1 and isinstance(fixed[0], Raw) and (fixed[0] == UNIQUE or fixed[0].what == "source"):
            return None if fixed[0] == UNIQUE else Field(Kind.SOURCE)
        if len(fixed) == 1 and isinstance(fixed[0], Variable):
            found = identity(self.entries(fixed[0].name))
            if found:
                return found
        why = "requests without a key all draw the same part; give them $request_id"
        raise NotUnderstood("split_clients", f"${split.name}: {why}", split.where)

    def _cases(self, wanted: Sequence[Pieces], chosen: _Chosen) -> Iterator[JointRow]:
        waiting: list[str] = []
        values = tuple(self._settled(pieces, chosen, waiting) for pieces in wanted)
        if not waiting:
            yield JointRow(ALWAYS, (), values)
            return
        pivot = self._pivot(waiting, chosen)
        for entry in self.entries(pivot):
            for case in self._cases(wanted, _Chosen({**chosen.values, pivot: entry.value}, {})):
                draws = drawn(entry.draws, case.draws)
                if draws is not None:
                    yield JointRow(both(entry.condition, case.condition), draws, case.values)

    def _settled(self, pieces: Pieces, chosen: _Chosen, waiting: list[str]) -> Pieces:
        """The value as far as the chosen variables tell it; the others are noted as waiting."""
        if len(pieces) == 1:
            first = pieces[0]
            return self._told(first.name, chosen, waiting) if isinstance(first, Variable) else pieces
        found: list[Piece] = []
        for piece in pieces:
            if isinstance(piece, Variable):
                found += self._told(piece.name, chosen, waiting)
            else:
                found.append(piece)
        return joined(found)

    def _told(self, name: str, chosen: _Chosen, waiting: list[str]) -> Pieces:
        if name not in chosen.told:
            mine: list[str] = []
            chosen.told[name] = self._telling(name, chosen, mine), mine
        value, more = chosen.told[name]
        waiting += more
        return value

    def _telling(self, name: str, chosen: _Chosen, waiting: list[str]) -> Pieces:
        if name in chosen.values:
            return chosen.values[name]
        definition = self.definition(name)
        if isinstance(definition, MapDefinition):
            open_parts: list[str] = []
            text = literal_of(self._settled(self._source(definition), chosen, open_parts))
            if text is not None and not open_parts:
                return self._settled(self.substituted(definition.on_text(text)), chosen, waiting)
        waiting.append(name)
        return ()

    def _pivot(self, waiting: Sequence[str], chosen: _Chosen) -> str:
        """The variable to tell apart next: what several are made of stands before them, and draws come last.

        Of a variable that depends on chosen ones only what is still open is asked for: its own list knows nothing of
        them.
        """
        names = list(dict.fromkeys(waiting))
        while True:
            made = next((name for name in names if not chosen.values.keys().isdisjoint(self._all_below(name))), None)
            made = made or next((name for name in names if self._shares(name, names, chosen)), None)
            if made is None:
                break
            names = list(dict.fromkeys([*(name for name in names if name != made), *self._open_below(made, chosen)]))
        fields = [name for name in names if not isinstance(self.definition(name), SplitDefinition)]
        return (fields or names)[0]

    def _shares(self, name: str, names: Sequence[str], chosen: _Chosen) -> bool:
        """Is the variable made of something that another one is, or is made of, while none is made of it?"""
        others = [self._all_below(other) for other in names if other != name]
        mine = self._all_below(name) - {name} - chosen.values.keys()
        return any(mine & other for other in others) and not any(name in other for other in others)

    def _open_below(self, name: str, chosen: _Chosen) -> list[str]:
        """What is to be known yet before a map's line is."""
        definition = self.definition(name)
        found: list[str] = []
        if isinstance(definition, MapDefinition):
            self._settled(self._source(definition), chosen, found)
        return found

    def _direct(self, name: str) -> list[str]:
        """The variables that a map looks at itself."""
        definition = self.definition(name)
        if not isinstance(definition, MapDefinition):
            return []
        return [piece.name for piece in self._source(definition) if isinstance(piece, Variable)]

    def _all_below(self, name: str) -> frozenset[str]:
        if name not in self._reads:
            below = [self._all_below(other) for other in self._direct(name)]
            self._reads[name] = frozenset({name}.union(*below))
        return self._reads[name]


def _joins_cookies(definition: MapDefinition, source: Pieces) -> bool:
    """Does the map put one more pair behind the cookies of a request, or alone where there are none?

    Both are the same pairs.
    """
    if source != (Raw("cookies"),) or definition.patterns or set(definition.exact) != {""}:
        return False
    head, *pair = definition.default or ("",)
    alone = definition.exact[""]
    return head == Variable("http_cookie") and bool(alone) and joined(pair) == joined(("; ", *alone))


def _holds_variables(entries: Entries) -> bool:
    return any(isinstance(piece, Variable) for entry in entries for piece in entry.value)
