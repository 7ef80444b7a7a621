"""What servers need from the file that all releases share: which maps, how many of each, draws, zones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from graymesh.targets.nginx.probes import Family, Origin, digest
from graymesh.targets.nginx.quoting import Variable

ASK: Final = "gm_q_all_"
"""Where a server puts the answers that must all be yes."""


@dataclass(frozen=True, slots=True)
class Draw:
    """A draw of codes by hashing the key; parts are (basis points, code), and add up to 10,000."""

    key: Variable
    parts: tuple[tuple[int, str], ...]

    @property
    def variable(self) -> Variable:
        """The variable that holds the drawn code."""
        return Variable(f"gm_draw_{digest(self.key.name, *map(str, self.parts))}")


@dataclass(slots=True)
class Needs:
    """Gathered while servers are built; numbers are the highest index that any server uses, counted from 1.

    nginx knows a variable only if some server sets it, so no map may mention more of them.
    """

    families: dict[Family, int] = field(default_factory=dict)
    known: dict[str, Family] = field(default_factory=dict)
    conjunctions: int = 0
    longest_conjunction: int = 0
    offers: int = 0
    cookies: int = 0
    by_version: dict[str, int] = field(default_factory=dict)
    response_headers: set[tuple[int, str]] = field(default_factory=set)
    limits: set[tuple[int, int]] = field(default_factory=set)
    origins: set[Origin] = field(default_factory=set)
    draws: set[Draw] = field(default_factory=set)
    claims: bool = False
    listens: set[str] = field(default_factory=set)
    host_count: int = 0
    longest_host: int = 0

    @property
    def variables(self) -> int:
        """How many variables all files together define, about."""
        questions = 2 * (sum(self.families.values()) + self.conjunctions)
        return questions + sum(self.by_version.values()) + self.cookies + len(self.origins) + len(self.draws)

    def use(self, family: Family, number: int) -> None:
        """The family needs at least so many maps. Raises ValueError when another one has its name."""
        known = self.known.setdefault(family.name, family)
        if (known.entries, known.default) != (family.entries, family.default):
            raise ValueError(f"two kinds of questions share the name {family.name}")
        self.families[family] = max(self.families.get(family, 0), number)

    def tell(self, name: str, versions: int) -> None:
        """Some server says `name` of each of its versions, numbered from 1, for a map to choose."""
        self.by_version[name] = max(self.by_version.get(name, 0), versions)

    def serve(self, hosts: Iterable[str], listens: Iterable[str]) -> None:
        """These names are served on these addresses."""
        names = list(hosts)
        self.host_count += len(names)
        self.longest_host = max([self.longest_host, *map(len, names)])
        self.listens.update(listens)
