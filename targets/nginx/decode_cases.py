"""Several values at once: the cases in which a request has them, as one list.

Variables are told apart one after the other, each by its own decision list, until every value is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from graymesh.ir.release import ALWAYS, Condition
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.nginx.decode_evaluate import Evaluator
from graymesh.targets.nginx.decode_lists import Draws, both, drawn
from graymesh.targets.nginx.decode_maps import MapDefinition, SplitDefinition
from graymesh.targets.nginx.decode_values import Piece, Pieces, joined, literal_of
from graymesh.targets.nginx.quoting import Variable

_MOST_CASES: Final = 4_000


class JointRow(NamedTuple):
    """One row of a joint list: when, and the values of all that was asked for."""

    condition: Condition
    draws: Draws
    values: tuple[Pieces, ...]


class _Chosen(NamedTuple):
    """The values of the variables that were told apart so far; `told` keeps what others are then, and what is open."""

    values: Mapping[str, Pieces]
    told: dict[str, tuple[Pieces, list[str]]]


class JointCases:
    """The cases of values whose variables one evaluator knows the meaning of."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._reads: dict[str, frozenset[str]] = {}

    def of(self, wanted: Sequence[Pieces]) -> list[JointRow]:
        """The joint list of several values. Raises NotUnderstood."""
        found: list[JointRow] = []
        for case in islice(
            self._cases([self._evaluator.substituted(pieces) for pieces in wanted], _Chosen({}, {})), _MOST_CASES + 1
        ):
            for value in case.values:
                self._evaluator.room.take(value)
            found.append(case)
        if len(found) > _MOST_CASES:
            raise NotUnderstood("map", f"more than {_MOST_CASES} cases")
        return found

    def _cases(self, wanted: Sequence[Pieces], chosen: _Chosen) -> Iterator[JointRow]:
        waiting: list[str] = []
        values = tuple(self._settled(pieces, chosen, waiting) for pieces in wanted)
        if not waiting:
            yield JointRow(ALWAYS, (), values)
            return
        pivot = self._pivot(waiting, chosen)
        for entry in self._evaluator.entries(pivot):
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
        definition = self._evaluator.definition(name)
        if isinstance(definition, MapDefinition):
            open_parts: list[str] = []
            text = literal_of(self._settled(self._evaluator.source(definition), chosen, open_parts))
            if text is not None and not open_parts:
                return self._settled(self._evaluator.substituted(definition.on_text(text)), chosen, waiting)
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
        fields = [name for name in names if not isinstance(self._evaluator.definition(name), SplitDefinition)]
        return (fields or names)[0]

    def _shares(self, name: str, names: Sequence[str], chosen: _Chosen) -> bool:
        """Is the variable made of something that another one is, or is made of, while none is made of it?"""
        others = [self._all_below(other) for other in names if other != name]
        mine = self._all_below(name) - {name} - chosen.values.keys()
        return any(mine & other for other in others) and not any(name in other for other in others)

    def _open_below(self, name: str, chosen: _Chosen) -> list[str]:
        """What is to be known yet before a map's line is."""
        definition = self._evaluator.definition(name)
        found: list[str] = []
        if isinstance(definition, MapDefinition):
            self._settled(self._evaluator.source(definition), chosen, found)
        return found

    def _direct(self, name: str) -> list[str]:
        """The variables that a map looks at itself."""
        definition = self._evaluator.definition(name)
        if not isinstance(definition, MapDefinition):
            return []
        return [piece.name for piece in self._evaluator.source(definition) if isinstance(piece, Variable)]

    def _all_below(self, name: str) -> frozenset[str]:
        if name not in self._reads:
            below = [self._all_below(other) for other in self._direct(name)]
            self._reads[name] = frozenset({name}.union(*below))
        return self._reads[name]
