"""Evaluates variables symbolically: each is a decision list over the request, and lists are put together in order.

Lists compose by products in which the first list's cases come first: for every request the first entry that holds is
then the one with the first case of each list that holds. So conditions never need a "not".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graymesh.ir.release import ALWAYS, Field, Kind
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.nginx.decode_definitions import CHECKED, ISSUER, KEYS, TOKEN, Definitions
from graymesh.targets.nginx.decode_draws import by_digits, by_request_id, hashed_alike
from graymesh.targets.nginx.decode_identity import identity, settled_field
from graymesh.targets.nginx.decode_lists import Entries, ListEntry, always, normal, only, under
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


class Evaluator:
    """What variables mean in one server; `assigned` holds what `set` gave, with no such variable inside."""

    def __init__(self, definitions: Definitions, assigned: Mapping[str, Pieces], room: Room | None = None) -> None:
        self._definitions = definitions
        self.room = room or Room()
        self.assigned = assigned
        self._lists: dict[str, Entries] = {}
        self._sources: dict[str, Pieces] = {}
        self._chosen: dict[str, Entries] = {}
        self._ones: dict[str, Pieces] = {}
        self._open: list[str] = []
        self.keys: dict[str, Field | None] = {}
        self.trusted: set[tuple[str, ...]] = set()
        self.token = ""
        self.verified: set[tuple[str, str] | None] = set()

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
        return self.room.take(joined(found))

    def source(self, definition: MapDefinition) -> Pieces:
        """What a map looks at; only variables with several cases are left in it. Raises NotUnderstood."""
        name = definition.name
        if name not in self._sources:
            try:
                self._sources[name] = self.substituted(definition.source)
            except NotUnderstood as refused:
                raise NotUnderstood(refused.field, refused.message, refused.where or definition.where) from refused
        return self._sources[name]

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
        if definition.has_lines and any(isinstance(piece, Variable) for piece in self.source(definition)):
            return True
        choices = self._choices(definition)
        return len(choices) > 1 and _holds_variables(choices)

    def _choices(self, definition: MapDefinition) -> Entries:
        """Which line of a map is chosen when, its value as written; servers that ask the same share the list."""
        name = definition.name
        if name not in self._chosen:
            source = self.source(definition)
            lists = [self.entries(piece.name) for piece in source if isinstance(piece, Variable)]
            pieces = tuple("" if isinstance(piece, Variable) else piece for piece in source)
            key = (name, pieces, *map(id, lists))
            kept = self._definitions.kept.get(key)
            if kept is None:
                kept = self._definitions.kept[key] = lists, self._selected(definition, source)
            self._chosen[name] = kept[1]
        return self._chosen[name]

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
            return iter(by_digits(definition, " ".join(piece.name for piece in source if isinstance(piece, Variable))))
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
            yield ListEntry(ALWAYS, (), self.room.take(joined(pieces)))
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
