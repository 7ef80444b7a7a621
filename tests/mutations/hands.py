"""How the files of each target are changed: by what is known of the target, or else by the ending of their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from zlib import crc32

from graymesh.kit.target import Target
from tests.mutations import conditions, json_mutants, nginx_mutants, yaml_mutants
from tests.mutations.harmless import HARMLESS, Harmless
from tests.mutations.lines import Change
from tests.mutations.mutant import Mutant, digits_changed

FACTS = {"connection told", "endpoint", "label", "limit dropped"}
"""Classes that change what an engine is told besides routes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """How one target's artifacts are changed.

    `classes` must all occur; of changes of one digit, of which a draw has hundreds, one of `digits_every` so many is
    made. The sweep takes one of `every` so many changes and must find at least `least`. `idle`
    tells for classes whose changes may change nothing which of them do so, by brute force; `broken` are classes that
    may leave a file that does not work, for which a refusal will do. `places_tell`: a place names its blocks, so that
    the same place in two files is one.
    """

    named: Callable[[str], Iterator[Mutant]]
    sweep: Callable[[str], Iterator[Mutant]]
    classes: set[str]
    least: int
    every: int = 1
    digits_every: int = 1
    idle: Mapping[str, Callable[[Change], bool]]
    broken: frozenset[str] = frozenset()
    places_tell: bool = False

    def takes(self, mutant: Mutant) -> bool:
        """Is the change made? Which digits are left out rests on the change alone, so that every run is the same."""
        chosen = crc32(f"{mutant.place} {mutant.change}".encode()) % self.digits_every == 0
        return chosen or not mutant.change.startswith("digit ")


ROUTED = {"bucket digit", "cookie value", "destinations swapped", "header value", "route dropped"}
ROUTED |= {"routes reordered", "timeout", "weight"}
HANDS: Mapping[str, Hand] = {
    "istio": Hand(
        named=lambda text: yaml_mutants.IstioNamed(text).all(),
        sweep=yaml_mutants.sweep,
        classes=ROUTED | {"match dropped", "endpoint", "label", "name taken"},
        least=1000,
        digits_every=4,
        idle={
            **dict.fromkeys(ROUTED | {"match dropped"}, conditions.all_alike_in_istio),
            "bucket digit": conditions.same_buckets_in_istio,
        },
        broken=frozenset(["name taken", "match dropped"]),
    ),
    "nginx": Hand(
        named=nginx_mutants.named,
        sweep=nginx_mutants.sweep,
        classes=ROUTED | {"map entry dropped", "connection told", "endpoint", "limit dropped", "hash digit"},
        least=1000,
        every=2,
        digits_every=4,
        idle={
            **dict.fromkeys(ROUTED | {"map entry dropped"}, conditions.same_answers_in_nginx),
            "bucket digit": conditions.same_buckets_in_nginx,
            "limit dropped": conditions.same_answers_in_nginx,
        },
        broken=frozenset(["map entry dropped", "catch-all dropped", "hash digit", "weight"]),
        places_tell=True,  # servers are much alike
    ),
    "spring-cloud-gateway": Hand(
        named=lambda text: yaml_mutants.SpringNamed(text).all(),
        sweep=yaml_mutants.sweep,
        classes=ROUTED | {"predicate dropped", "header sent", "endpoint"},
        least=1000,
        idle={
            **dict.fromkeys(ROUTED | {"predicate dropped"}, conditions.all_alike_in_spring),
            "bucket digit": conditions.same_buckets_in_spring,
        },
        broken=frozenset(["header sent"]),  # Connection among them, which keeps a lane or a ticket on its way
    ),
    "sentinel": Hand(
        named=json_mutants.named,
        sweep=json_mutants.sweep,
        classes={"count", "grade", "pattern", "resource", "rule dropped", "window"},
        least=100,
        idle={},
    ),
}


def hand_of(chosen: Target) -> Hand:
    """The hand for the target; one that is known of no target changes leaves and lines, and all must be found."""
    known = HANDS.get(chosen.manifest.name)
    return known or Hand(named=_nothing, sweep=_nothing, classes=set(), least=1, idle={})


def harmless(chosen: Target) -> tuple[Harmless, ...]:
    """The places where a change of the target's files may change nothing."""
    return HARMLESS.get(chosen.manifest.name, ())


def sweep(chosen: Target, file: str, text: str) -> Iterator[Mutant]:
    """Every change of a file that the hand makes."""
    known = HANDS.get(chosen.manifest.name)
    return known.sweep(text) if known else _SWEEPS.get(PurePosixPath(file).suffix, _lines)(text)


def _nothing(_text: str) -> Iterator[Mutant]:
    return iter(())


def _lines(text: str) -> Iterator[Mutant]:
    """Any text: each line but for comments left out, each digit one up and one down."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.strip() and not re.match(r"\s*(#|//|;|--)", line):
            yield Mutant(str(number + 1), "left out", "".join(lines[:number] + lines[number + 1 :]))
            for at, changed in digits_changed(line, 0, len(line)):
                yield Mutant(
                    f"{number + 1}:{at + 1}", changed, "".join([*lines[:number], changed, *lines[number + 1 :]])
                )


_SWEEPS: Final[Mapping[str, Callable[[str], Iterator[Mutant]]]] = {
    ".yaml": yaml_mutants.sweep,
    ".yml": yaml_mutants.sweep,
    ".json": json_mutants.sweep,
    ".conf": nginx_mutants.sweep,
}
