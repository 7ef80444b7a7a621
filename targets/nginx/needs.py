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
    """Gathered while servers are built; numbers are the highest index that any server uses, counted from 1."""

    families: dict[Family, int] = field(default_factory=dict)
    conjunctions: int = 0
    longest_conjunction: int = 0
    offers: int = 0
    versions: int = 0
    cookies: int = 0
    request_headers: int = 0
    response_headers: set[tuple[int, str]] = field(default_factory=set)
    limits: set[tuple[int, int]] = field(default_factory=set)
    origins: set[Origin] = field(default_factory=set)
    draws: set[Draw] = field(default_factory=set)
    claims: bool = False
    listens: set[str] = field(default_factory=set)
    host_count: int = 0
    longest_host: int = 0

    def use(self, family: Family, number: int) -> None:
        """The family needs at least so many maps."""
        self.families[family] = max(self.families.get(family, 0), number)

    def serve(self, hosts: Iterable[str], listens: Iterable[str]) -> None:
        """These names are served on these addresses."""
        names = list(hosts)
        self.host_count += len(names)
        self.longest_host = max([self.longest_host, *map(len, names)])
        self.listens.update(listens)
