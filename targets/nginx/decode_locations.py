"""Which location of a server takes a path, and what `set` gives to its variables.

Source: the manual's rule for `location`: the longest prefix is remembered, `=` and `^~` end the search, else the first
regular expression that matches wins, else the remembered prefix.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from graymesh.ir.release import ALWAYS, Condition, Field, Kind, Matcher, OneOf, Prefix, Test
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.nginx.decode_definitions import Definitions
from graymesh.targets.nginx.decode_patterns import value_matcher
from graymesh.targets.nginx.decode_values import Piece, Pieces, is_builtin, joined, pieces_of
from graymesh.targets.nginx.quoting import Variable
from graymesh.targets.nginx.syntax import ParsedDirective

_PATH: Final = Field(Kind.PATH)
PASSES: Final = ("proxy_pass", "grpc_pass")
_MOST_MADE: Final = 8_000_000


@dataclass(frozen=True)
class Location:
    """One location: how it is chosen, its path or pattern, and its directive.

    `redirects` stands for the path without the slash at its end, which nginx redirects by itself.
    """

    modifier: str
    path: str
    where: ParsedDirective
    redirects: bool = False

    @property
    def passes_on(self) -> bool:
        """Does it pass requests on to a server? Others are answered by nginx itself."""
        return any(directive.name in PASSES for directive in self.where.body or ())


def located(locations: Sequence[Location]) -> Iterator[tuple[Condition, Location]]:
    """The locations as a decision list over the path. Raises NotUnderstood when some path has none."""
    prefixes = sorted((each for each in locations if each.modifier in ("", "^~")), key=lambda each: -len(each.path))
    patterns = [(_matcher(each), each) for each in locations if each.modifier in ("~", "~*")]
    for each in (*locations, *_redirecting(locations)):
        if each.modifier == "=":
            yield _when(OneOf((each.path,))), each
    for prefix in prefixes:
        inside = ALWAYS if prefix.path == "/" else _when(Prefix(prefix.path))
        if not prefix.modifier:
            for matcher, pattern in patterns:
                tests = (*inside[0], Test(_PATH, matcher))
                yield (tests,), pattern
        yield inside, prefix
    if not prefixes or prefixes[-1].path != "/":
        raise NotUnderstood("location", "paths that no location takes are answered from the disk", locations[0].where)


def _redirecting(locations: Sequence[Location]) -> Iterator[Location]:
    """Where a location that passes requests on ends in a slash, unless another has the path without it."""
    taken = {each.path for each in locations if each.modifier in ("", "^~", "=")}
    for each in locations:
        if each.path in taken and each.path.endswith("/") and each.path != "/" and each.passes_on:
            without = each.path[:-1]
            if without not in taken:
                taken.add(without)
                yield Location("=", without, each.where, redirects=True)


def read_location(directive: ParsedDirective) -> Location:
    """A location as it stands in the file. Raises NotUnderstood for named and nested ones."""
    arguments = directive.arguments
    if len(arguments) not in (1, 2) or directive.body is None:
        raise NotUnderstood("location", "it takes a path and a block", directive)
    if len(arguments) == 1 and arguments[0].startswith(("=", "~", "^~")):
        raise NotUnderstood("location", f"{arguments[0]!r}: a blank belongs after the modifier", directive)
    modifier, path = arguments if len(arguments) == 2 else ("", *arguments)
    if modifier not in ("", "=", "^~", "~", "~*"):
        raise NotUnderstood("location", f"the modifier {modifier!r} is not understood", directive)
    if modifier not in ("~", "~*") and (not path.startswith("/") or not path.isascii()):
        raise NotUnderstood("location", f"{path} is not a path", directive)
    return Location(modifier, path, directive)


def unique(locations: Sequence[Location]) -> Sequence[Location]:
    """The locations. Raises NotUnderstood when one appears twice, which nginx does not take."""
    seen: set[tuple[str, str]] = set()
    for each in locations:
        key = ("" if each.modifier == "^~" else each.modifier, each.path)
        if key in seen:
            raise NotUnderstood("location", f"{each.path} appears twice", each.where)
        seen.add(key)
    return locations


def assigned(
    sets: Sequence[ParsedDirective], before: Mapping[str, Pieces], definitions: Definitions
) -> Mapping[str, Pieces]:
    """What variables hold after these `set` directives, in order, with no such variable left in their values.

    Raises NotUnderstood when a value is taken from a variable before it is set, or when one is set twice.
    """
    targets = [_target(directive) for directive in sets]
    own: dict[str, Pieces] = {}
    made = 0
    found = ChainMap(own, before)  # type: ignore[arg-type]  # a server's are not copied for each of its locations
    for name, directive in zip(targets, sets, strict=True):
        if name in found or name in definitions.known or name in definitions.broken:
            raise NotUnderstood("set", f"${name} gets several values", directive)
        if is_builtin(name):
            raise NotUnderstood("set", f"${name} is part of the request", directive)
        pieces = pieces_of(directive.arguments[1])
        if any(isinstance(piece, Variable) for piece in pieces):
            _check_order(pieces, found, definitions, directive)
            pieces = joined([part for piece in pieces for part in _known(piece, found)])
            made += sum(len(piece) for piece in pieces if isinstance(piece, str))
            if made > _MOST_MADE:
                raise NotUnderstood("set", f"values of more than {_MOST_MADE:,} characters together", directive)
        own[name] = pieces
    return found if sets else before


def _known(piece: Piece, assigned: Mapping[str, Pieces]) -> Pieces:
    return assigned.get(piece.name, (piece,)) if isinstance(piece, Variable) else (piece,)


def set_anywhere(servers: Iterable[ParsedDirective]) -> frozenset[str]:
    """The variables that `set` gives a value to in some server or location."""
    found: set[str] = set()
    waiting = list(servers)
    while waiting:
        for directive in waiting.pop().body or ():
            if directive.name == "set" and directive.arguments:
                found.add(directive.arguments[0].strip("${}").lower())
            elif directive.body:
                waiting.append(directive)
    return frozenset(found)


def _target(directive: ParsedDirective) -> str:
    pieces = pieces_of(directive.arguments[0]) if len(directive.arguments) == 2 else ()
    if len(pieces) != 1 or not isinstance(pieces[0], Variable):
        raise NotUnderstood("set", "it takes a variable and a value", directive)
    return pieces[0].name


def _check_order(pieces: Pieces, known: Mapping[str, Pieces], definitions: Definitions, where: ParsedDirective) -> None:
    """nginx computes a map when it is first read and keeps the result, so what it reads must have its value by then."""
    for piece in pieces:
        for name in definitions.set_before(piece.name) if isinstance(piece, Variable) else ():
            if name not in known:
                raise NotUnderstood("set", f"${name} is read before it is set", where)


def _when(matcher: Matcher) -> Condition:
    return ((Test(_PATH, matcher),),)


def _matcher(location: Location) -> Matcher:
    try:
        return value_matcher(location.path, location.modifier == "~*", Kind.PATH)
    except NotUnderstood as refused:
        raise NotUnderstood("location", refused.message, location.where) from refused
