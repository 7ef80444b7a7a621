"""What a change of releases does to traffic, as plain values that any renderer can show. Nothing here computes.

These values are what `graymesh diff --format json` prints, a contract that other people's tools rely on: keys are
camelCase, a new key may be added at any time, one that is there keeps its meaning.

All texts are as the user wrote them: a renderer passes each through the one quoting function of its sink. Shares are
basis points (1/10,000), buckets 0–65,535 with closed intervals, lines and columns count from 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeAlias, get_type_hints

from pydantic import ConfigDict, Field, FieldSerializationInfo, computed_field, field_serializer
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass
from pydantic_core import core_schema

from graymesh.ir import cohorts
from graymesh.ir.release import WHOLE
from graymesh.ir.tickets import written

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

Side: TypeAlias = Literal["old", "new"]
State: TypeAlias = Literal["added", "removed", "changed", "unchanged"]

Kind: TypeAlias = Literal["version", "effect", "setting", "release", "engine", "undecided"]
"""What changes: who answers; what else happens to requests; what engines are told besides routes; what the release
is; what a single engine does although the release means the same; or nobody can say what."""

Trend: TypeAlias = Literal["changed", "added", "stricter", "weaker", "removed"]
"""How protection changes: `weaker` and `removed` are what a reviewer must not miss."""

_CONTRACT = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, defer_build=True)
WITH_TEXTS = {"texts": True}
"""The context of a serialization that shows what stands in files."""


class _AsObject:
    """Writes a named tuple as a JSON object with its names."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        keys = {to_camel(name): handler.generate_schema(kind) for name, kind in get_type_hints(source).items()}
        shown = core_schema.typed_dict_schema(
            {key: core_schema.typed_dict_field(schema) for key, schema in keys.items()},
            cls_name=source.__name__,
            extra_behavior="forbid",
            metadata={"pydantic_js_updates": {"title": source.__name__, "description": source.__doc__}},
        )
        back = core_schema.plain_serializer_function_ser_schema(_object, return_schema=shown)
        return core_schema.no_info_after_validator_function(source._make, handler(source), serialization=back)


def _object(value: Any) -> dict[str, Any]:
    return {to_camel(name): part for name, part in value._asdict().items()}


_AS_OBJECT = _AsObject()


class VersionPart(NamedTuple):
    """One version's part of some requests, in basis points (1/10,000)."""

    version: str
    basis_points: int


class Interval(NamedTuple):
    """Users of these buckets, both ends included, and their version."""

    first: int
    last: int
    version: str


Shares: TypeAlias = tuple[Annotated[VersionPart, _AS_OBJECT], ...]
"""Those without a part left out."""

Strip: TypeAlias = tuple[Annotated[Interval, _AS_OBJECT], ...]
"""All buckets, 0–65,535; empty when users have none."""


@dataclass(frozen=True, kw_only=True, config=_CONTRACT)
class Place:
    """A line that causes a change, `text` without blanks around it; `line` is 0 when only the file is known."""

    side: Side
    file: str
    line: int = 0
    column: int = 0
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, kw_only=True, config=_CONTRACT)
class Witness:
    """A request that is really decided differently, in words and as a curl command; who answers it then and now."""

    request: str
    command: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True, config=_CONTRACT)
class Move:
    """Users whose version changes, those whose buckets lie in low–high. `back` when from a canary to stable.

    With `digits` low–high are the last so many decimal digits of an `identity`, such as `cookie uid`.
    """

    low: int = Field(serialization_alias="first")
    high: int = Field(serialization_alias="last")
    old: str
    new: str
    back: bool = False
    identity: str = ""
    digits: int = 0

    @property
    def basis_points(self) -> int:
        """The share of all users, or of those that have an identity."""
        if self.digits:
            return (self.high - self.low + 1) * WHOLE // int(10**self.digits)
        return cohorts.basis_points(((self.low, self.high),))

    @property
    def users(self) -> str:
        """The buckets as people read them, `0ccd–3332`, or the digits: `with cookie uid ending in 05–19`."""
        if not self.digits:
            return f"{written(self.low)}–{written(self.high)}"
        low, high = (f"{number:0{self.digits}d}" for number in (self.low, self.high))
        return f"with {self.identity} ending in {low}" + (f"–{high}" if high != low else "")


@dataclass(frozen=True, kw_only=True, config=_CONTRACT)
class Change:
    """One thing that becomes different.

    `who` is concerned (`audience beta`, `everyone else`, `every request`, `v2`), `what` changes (`version`, `timeout`,
    `guards.errorRate`), `old` and `new` are in words. `witness` is there when requests are decided differently,
    else `example` is a curl command whose request it concerns. `gap`: while engines take it, clients get errors;
    `redrawn`: users whose version tickets have kept are drawn anew; `notes` say how. `engines` are those that see it:
    none means that no engine of the release does. For `undecided`, `new` is the reason.
    """

    kind: Kind
    who: str
    what: str
    old: str
    new: str
    trend: Trend = "changed"
    old_shares: Shares = ()
    new_shares: Shares = ()
    moves: tuple[Move, ...] = ()
    notes: tuple[str, ...] = ()
    gap: bool = False
    redrawn: bool = False
    witness: Witness | None = None
    example: str = ""
    causes: tuple[Place, ...] = ()
    engines: tuple[str, ...] = ()

    @property
    def back(self) -> bool:
        """Do users lose the canary?"""
        return any(move.back for move in self.moves)


@dataclass(frozen=True, kw_only=True, config=_CONTRACT)
class RouteRow:
    """One line of a route table as people read it: who gets which versions."""

    who: str
    shares: Shares


@dataclass(frozen=True, kw_only=True, config=_CONTRACT)
class StageStep:
    """One stage: its name, the shares of everyone else, and its shortest time in milliseconds."""

    name: str
    shares: Shares
    hold_ms: int | None = None


@dataclass(frozen=True, kw_only=True, config=_CONTRACT)
class Standing:
    """A release on one side: where it stands, its routes for people, its users' strip, and all of its stages."""

    file: str
    stage: str
    stable: str
    hosts: tuple[str, ...]
    routes: tuple[RouteRow, ...]
    strip: Strip = Field(default=(), serialization_alias="users")
    stages: tuple[StageStep, ...] = ()


@dataclass(frozen=True, kw_only=True, config=_CONTRACT)
class ReleaseDiff:
    """One release, matched by namespace and name (artifacts: by host); `plan` tells what changes for other stages."""

    key: str
    state: State
    old: Standing | None = None
    new: Standing | None = None
    changes: tuple[Change, ...] = ()
    plan: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, config=_CONTRACT)
class Artifact:
    """A file of one target that is written differently; texts are None where it is not there."""

    target: str = Field(exclude=True)
    path: str
    old: str | None = Field(exclude=True)
    new: str | None = Field(exclude=True)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def state(self) -> State:
        """Added, removed or changed."""
        return "added" if self.old is None else "removed" if self.new is None else "changed"

    @property
    def lines(self) -> tuple[int, int]:
        """How many lines are added and removed."""
        found = [line[:1] for line in self.diff()][2:]
        return found.count("+"), found.count("-")

    @computed_field(alias="diff", return_type=str, description="The unified diff, when asked for.")  # type: ignore[prop-decorator]
    @property
    def printed(self) -> Iterator[str]:
        """What a contract shows of `diff`; nobody works it out without need."""
        return self.diff()

    @field_serializer("printed")
    def _when_asked_for(self, lines: Iterator[str], info: FieldSerializationInfo) -> str:
        return "\n".join(lines) if info.context == WITH_TEXTS else ""

    def diff(self) -> Iterator[str]:
        """A unified diff, line by line without line ends."""
        old, new = (self.old or "").split("\n"), (self.new or "").split("\n")
        yield from unified_diff(old, new, f"a/{self.path}", f"b/{self.path}", lineterm="")


@dataclass(frozen=True, kw_only=True, config=_CONTRACT)
class EngineDiff:
    """One target: the releases that it serves on either side, whether it routes any request differently, its files.

    `sees` is None when that is not decided; `reason` then says why. Without `compiled`, nobody knows its files.
    """

    target: str
    sees: bool | None = None
    reason: str = ""
    compiled: bool = True
    artifacts: tuple[Artifact, ...] = ()


@dataclass(frozen=True, kw_only=True, config=_CONTRACT)
class Risk:
    """Something to look at first. `kind`: first-exposure, moved-back, guard-removed, guard-weakened, limit-loosened,
    biggest-step, stage-skipped, redrawn, fault, trust, removed, gap, undecided, incomplete."""

    kind: str
    release: str
    message: str
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, kw_only=True, config=_CONTRACT)
class TrafficDiff:
    """The whole answer: releases and engines in order of their names, risks with the gravest first.

    `old` and `new` say what was compared. `problems` are sentences about a side that could not be compared in full.
    """

    version: Literal[1] = 1
    old: str
    new: str
    releases: tuple[ReleaseDiff, ...]
    engines: tuple[EngineDiff, ...] = ()
    risks: tuple[Risk, ...] = ()
    problems: tuple[str, ...] = ()
    artifacts_only: bool = Field(default=False, exclude=True)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def differs(self) -> bool:
        """Is there any change for traffic, or anything that is not decided? Between artifacts, any other byte too.

        Decides about `--exit-code`.
        """
        changed = any(release.state != "unchanged" for release in self.releases)
        unknown = any(engine.sees is None for engine in self.engines) or bool(self.problems)
        files = self.artifacts_only and any(engine.artifacts for engine in self.engines)
        return changed or unknown or files

    @property
    def changes(self) -> int:
        """How many changes there are, in all releases; a release that comes or goes is one."""
        return sum(len(each.changes) or each.state != "unchanged" for each in self.releases)
