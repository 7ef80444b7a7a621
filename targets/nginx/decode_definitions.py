"""All variables that the files define, and which of them nginx reads to choose the value of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.nginx.decode_lists import Entries
from graymesh.targets.nginx.decode_maps import (
    CheckDefinition,
    ClaimsDefinition,
    Definition,
    MapDefinition,
    SplitDefinition,
)
from graymesh.targets.nginx.decode_values import Piece
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
