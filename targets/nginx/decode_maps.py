"""Variables that directives define: map, geo, split_clients and our own js_set, read by the nginx manual.

`map`: an exact key ignores case and comes before all regular expressions, which are tried in order and never on an
empty text; without a match the default holds, which is empty when not given. `geo`: the longest prefix wins.
`split_clients`: parts of the hash in order.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Final, TypeAlias

from graymesh.ir.release import ALWAYS, WHOLE, Absent, Field, Kind, Matcher, Networks, OneOf, Test
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.nginx.decode_lists import Entries, ListEntry, normal
from graymesh.targets.nginx.decode_patterns import (
    LINE,
    after_known,
    exact_matcher,
    pair,
    searcher,
    value_matcher,
    wanted_matcher,
)
from graymesh.targets.nginx.decode_positions import MapLine, filled, places_of, places_of_text
from graymesh.targets.nginx.decode_values import Capture, Pieces, Raw, Sym, field_of, pieces_of, shown
from graymesh.targets.nginx.quoting import Variable
from graymesh.targets.nginx.syntax import ParsedDirective

_PERCENT: Final = re.compile(r"(?:100|[0-9]{1,2})(?:\.[0-9]{1,2})?%")
_PAIR_KINDS: Final = {"cookies": Kind.COOKIE, "query": Kind.QUERY, "claims": Kind.CLAIM}
_CAPTURED: Final = {
    Kind.COOKIE: lambda name: Raw("first cookie", name),
    Kind.QUERY: lambda name: Raw("first parameter", name),
    Kind.CLAIM: lambda name: Raw("first claim", name),
}
_WHY_NOT: Final = {
    "source": "it compares addresses as text; use geo",
    "first cookie": "it looks at the first cookie of a name, of which a client may send several",
    "first claim": "it looks at the first member of a claim, which may be a list",
    "unique id": "it looks at an id that is different for each request",
    "answer header": "it looks at the answer",
}
_BLANKS: Final = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
"""The tokeniser turns `\\t` into a tab; in a pattern both are the same, and a backslash before one means nothing."""

_BLANK: Final = re.compile(r"\\?([\t\n\r])|\\.")

_WHOLE: Final = frozenset([r"\A(.+)\z", "^(.+)$", r"\A(.*)\z", "^(.*)$", "(.+)", "(.*)"])


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression among a map's keys, and its value."""

    text: str
    caseless: bool
    value: Pieces


@dataclass(frozen=True)
class MapDefinition:
    """`map source $name { … }`; exact keys are in lower case."""

    name: str
    source: Pieces
    exact: Mapping[str, Pieces]
    patterns: tuple[Pattern, ...]
    default: Pieces
    where: ParsedDirective
    looked_up: dict[str, Pieces] = field(default_factory=dict, compare=False, repr=False)

    @property
    def has_lines(self) -> bool:
        """Does it say anything besides its default?"""
        return bool(self.exact or self.patterns)

    def on_text(self, text: str) -> Pieces:
        """The value for a known text, captures filled in."""
        if text not in self.looked_up:
            self.looked_up[text] = self._on_text(text)
        return self.looked_up[text]

    @cached_property
    def rules(self) -> tuple[MapLine, ...] | None:
        """The lines in order as rules about fixed places; None when some pattern is of another kind."""
        found = [MapLine(places_of_text(key), value) for key, value in self.exact.items()]
        for pattern in self.patterns:
            places = None if pattern.caseless else places_of(pattern.text)
            if places is None:
                return None
            found.append(MapLine(places, pattern.value))
        return tuple(found)

    def on_request(self, sym: Sym) -> Iterator[ListEntry]:
        """The entries for a text that only the request tells, after known text at most. Raises NotUnderstood."""
        before, raw = _split(sym, self.where)
        kind = _PAIR_KINDS.get(raw.what)
        if kind is not None:
            yield from self._on_pairs(before, kind)
        else:
            yield from self._on_value(before, raw)
        yield ListEntry(ALWAYS, (), self.default)

    def _on_text(self, text: str) -> Pieces:
        exact = self.exact.get(lowered(text))
        if exact is not None:
            return exact
        for pattern in self.patterns if text else ():
            found = searcher(pattern.text, pattern.caseless).search(text)
            if found:
                return filled(pattern.value, found.groups())
        return self.default

    def _on_value(self, before: str, raw: Raw) -> Iterator[ListEntry]:
        known = field_of(raw)
        if known is None or raw.what in ("first cookie", "first claim", "source"):
            raise NotUnderstood("map", f"${self.name}: {_WHY_NOT.get(raw.what, f'it looks at {raw.name}')}", self.where)
        for key, value in self.exact.items():
            if not key.startswith(lowered(before)):
                continue
            rest = key[len(before) :]
            matcher = exact_matcher(rest, known.kind) if rest else Absent()
            yield from _entry(known, matcher, value)
        for pattern in self.patterns:
            captured = raw if pattern.text in _WHOLE and not before else None
            yield from _entry(known, self._value_matcher(pattern, before, known.kind), self._value(pattern, captured))

    def _value_matcher(self, pattern: Pattern, before: str, kind: Kind) -> Matcher | None:
        if not before:
            return value_matcher(pattern.text, pattern.caseless, kind)
        if not pattern.caseless and pattern.text.startswith(LINE) and _one_line(before):
            return wanted_matcher(before[:-1], pattern.text[len(LINE) :], kind)
        if pattern.caseless:
            raise NotUnderstood("map", f"${self.name}: it looks at {before!r} without regard to case", self.where)
        return after_known(pattern.text, before, kind)

    def _on_pairs(self, before: str, kind: Kind) -> Iterator[ListEntry]:
        if "" in self.exact and not before:
            raise NotUnderstood("map", f"${self.name}: it asks whether there is no {kind} at all", self.where)
        if any(key.startswith(lowered(before)) for key in self.exact):
            raise NotUnderstood("map", f"${self.name}: it compares all of the request's {kind} pairs", self.where)
        for pattern in self.patterns:
            text, wanted = pattern.text, None
            if before:
                if not text.startswith(LINE) or not _one_line(before):
                    raise NotUnderstood(
                        text, f"${self.name}: it looks at {before!r} and the request at once", self.where
                    )
                text, wanted = text[len(LINE) :], before[:-1]
            if pattern.caseless:
                raise NotUnderstood(text, f"${self.name}: without regard to case it finds other names too", self.where)
            found = pair(text, wanted, kind)
            captured = _CAPTURED[kind](found.name) if found.captured else None
            value = self._value(pattern, captured, 2 if before else 1)
            yield from _entry(Field(kind, found.name), found.matcher, value)

    def _value(self, pattern: Pattern, captured: Raw | None, group: int = 1) -> Pieces:
        """The value, where the group that holds the whole value of the field is that value."""
        if not any(isinstance(piece, Capture) for piece in pattern.value):
            return pattern.value
        if pattern.value != (Capture(group),) or captured is None:
            raise NotUnderstood(
                shown(pattern.value), f"${self.name}: what the group captures is not understood", self.where
            )
        return (captured,)


@dataclass(frozen=True)
class GeoDefinition:
    """`geo $name { … }` on the client's address; `trusted` are the proxies whose X-Forwarded-For counts."""

    name: str
    entries: Entries
    trusted: tuple[str, ...]
    where: ParsedDirective


@dataclass(frozen=True)
class SplitDefinition:
    """`split_clients key $name { … }`; parts are (basis points, value)."""

    name: str
    key: Pieces
    parts: tuple[tuple[int, str], ...]
    where: ParsedDirective

    @cached_property
    def entries(self) -> Entries:
        """One entry for each part; draws exclude each other."""
        return tuple(
            ListEntry(ALWAYS, ((self.name, part),), _text(value)) for part, (_, value) in enumerate(self.parts)
        )


@dataclass(frozen=True)
class ClaimsDefinition:
    """`js_set $name module.claims` of our own program, which reads a token; or the `js_var` in which its other function
    puts the claims of a token that it has `verified`, for which see `CheckDefinition`."""

    name: str
    where: ParsedDirective
    verified: bool = False


@dataclass(frozen=True)
class CheckDefinition:
    """`js_set $name module.verify` of our own program: reading the variable has the token verified.

    `keys`: what the files of keys that were loaded before are called → their paths.
    """

    name: str
    keys: Mapping[str, str]
    where: ParsedDirective


Definition: TypeAlias = MapDefinition | GeoDefinition | SplitDefinition | ClaimsDefinition | CheckDefinition


def read_map(directive: ParsedDirective) -> MapDefinition:
    """A map as it stands in the file. Raises NotUnderstood."""
    source, name = _two(directive)
    exact: dict[str, Pieces] = {}
    patterns: list[Pattern] = []
    default: Pieces | None = None
    for line in directive.body or ():
        if line.name == "volatile" and not line.arguments:
            continue
        if line.name == "include" or len(line.arguments) != 1 or line.body is not None:
            raise NotUnderstood("map", f"${name}: {' '.join((line.name, *line.arguments))!r} is not understood", line)
        value = pieces_of(line.arguments[0])
        if line.name == "default":
            if default is not None:
                raise NotUnderstood("map", f"${name} has two defaults", line)
            default = value
        elif line.name.startswith("~"):
            caseless = line.name.startswith("~*")
            patterns.append(Pattern(_readable(line.name[2 if caseless else 1 :]), caseless, value))
        elif lowered(line.name.removeprefix("\\")) in exact:
            raise NotUnderstood("map", f"${name} has the key {line.name!r} twice", line)
        else:
            exact[lowered(line.name.removeprefix("\\"))] = value
    return MapDefinition(name, pieces_of(source), exact, tuple(patterns), default or (), directive)


def read_geo(directive: ParsedDirective) -> GeoDefinition:
    """A geo block. Raises NotUnderstood for addresses that are not the client's, ranges and included files."""
    name, default = _variable(directive, len(directive.arguments) - 1), ""
    if len(directive.arguments) != 1 and directive.arguments[0] != "$remote_addr":
        raise NotUnderstood("geo", f"${name} looks at {directive.arguments[0]}, not at the client's address", directive)
    networks: dict[str, str] = {}
    trusted: list[str] = []
    recursive = False
    for line in directive.body or ():
        if line.name == "proxy" and len(line.arguments) == 1:
            trusted.append(_network(line.arguments[0], line))
        elif line.name == "proxy_recursive" and not line.arguments:
            recursive = True
        elif line.name in ("ranges", "include", "delete", "proxy", "proxy_recursive") or len(line.arguments) != 1:
            raise NotUnderstood("geo", f"${name}: {' '.join((line.name, *line.arguments))!r} is not understood", line)
        elif line.name == "default":
            default = line.arguments[0]
        elif _network(line.name, line) in networks:
            raise NotUnderstood("geo", f"${name} has the network {line.name} twice", line)
        else:
            networks[_network(line.name, line)] = line.arguments[0]
    if trusted and not recursive:
        raise NotUnderstood(
            "geo", f"${name}: without proxy_recursive the last address counts, trusted or not", directive
        )
    return GeoDefinition(name, _by_length(networks, default), tuple(sorted(trusted)), directive)


def read_split(directive: ParsedDirective) -> SplitDefinition:
    """A split_clients block. Raises NotUnderstood when the parts are more than the whole, or `*` is not the last."""
    key, name = _two(directive)
    parts: list[tuple[int, str]] = []
    rest: int | None = WHOLE
    for line in directive.body or ():
        if rest is None or len(line.arguments) != 1:
            raise NotUnderstood("split_clients", f"${name}: {line.name!r} is not understood", line)
        if line.name == "*":
            parts.append((rest, line.arguments[0]))
            rest = None
        elif _PERCENT.fullmatch(line.name):
            points = int(Decimal(line.name[:-1]) * 100)
            rest -= points
            parts.append((points, line.arguments[0]))
        else:
            raise NotUnderstood("split_clients", f"${name}: {line.name!r} is not a percentage", line)
    if rest is not None and rest < 0:
        raise NotUnderstood("split_clients", f"${name}: more than 100%", directive)
    if rest:
        parts.append((rest, ""))
    return SplitDefinition(name, pieces_of(key), tuple(part for part in parts if part[0]), directive)


READERS: Final[Mapping[str, Callable[[ParsedDirective], Definition]]] = {
    "map": read_map,
    "geo": read_geo,
    "split_clients": read_split,
}


def variable_of(directive: ParsedDirective) -> str:
    """The name of the variable that a map, geo, split_clients or js_set defines, in lower case.

    Raises NotUnderstood.
    """
    if directive.name in ("js_set", "js_var"):
        return _variable(directive, 0)
    return _variable(directive, len(directive.arguments) - 1)


def lowered(text: str) -> str:
    """ASCII letters in lower case, as nginx's hashes have them."""
    return text.lower() if text.isascii() else "".join(char.lower() if char.isascii() else char for char in text)


def _variable(directive: ParsedDirective, index: int) -> str:
    pieces = pieces_of(directive.arguments[index]) if directive.arguments else ()
    if len(pieces) != 1 or not isinstance(pieces[0], Variable):
        raise NotUnderstood(directive.name, "it names no variable", directive)
    return pieces[0].name


def _readable(pattern: str) -> str:
    """The pattern with blanks written as escapes."""
    return _BLANK.sub(lambda match: _BLANKS[match[1]] if match[1] else match[0], pattern)


def _two(directive: ParsedDirective) -> tuple[str, str]:
    if len(directive.arguments) != 2 or directive.body is None:
        raise NotUnderstood(directive.name, "it takes a value, a variable and a block", directive)
    return directive.arguments[0], _variable(directive, 1)


def _split(sym: Sym, where: ParsedDirective) -> tuple[str, Raw]:
    """The known text before, and the part of the request. Raises NotUnderstood for other mixtures."""
    match sym:
        case (Raw() as raw,):
            return "", raw
        case (str() as before, Raw() as raw):
            return before, raw
    raise NotUnderstood("map", f"it looks at several parts of the request at once: {shown(sym)}", where)


def _one_line(before: str) -> bool:
    """Is it one line? No value of a request's field holds a line feed before its own end."""
    return before.endswith("\n") and before.count("\n") == 1


def _entry(known: Field, matcher: Matcher | None, value: Pieces) -> Iterator[ListEntry]:
    if matcher is not None and matcher != OneOf(()):
        yield ListEntry(((Test(known, matcher),),), (), value)


def _network(text: str, where: ParsedDirective) -> str:
    try:
        return _canonical(text)
    except ValueError as error:
        raise NotUnderstood("geo", f"{text!r} is not a network", where) from error


@lru_cache(maxsize=4096)
def _canonical(network: str) -> str:
    return str(ipaddress.ip_network(network, strict=False))


def _by_length(networks: Mapping[str, str], default: str) -> Entries:
    """The longest prefix first, so that the first network that holds the address is the one that counts."""
    source = Field(Kind.SOURCE)
    ordered = sorted(networks, key=lambda text: (-int(text.partition("/")[2]), networks[text], text))
    found = [ListEntry(((Test(source, Networks((text,))),),), (), _text(networks[text])) for text in ordered]
    return normal([*found, ListEntry(ALWAYS, (), _text(default))])


def _text(value: str) -> Pieces:
    return (value,) if value else ()
