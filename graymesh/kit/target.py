"""What a target is: a manifest (`target.yaml`) and five verbs, each a function in the module of its name.

`check`, `lower`, `emit`, `decode`, `expected`: modules are imported only when called, and `check` and `expected` need
not be there. Two more may be: `receive`, how the engine reads a request, and `needs`, what whoever runs it must have.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from graymesh.diagnostic import Level, Pointer
from graymesh.ir.plan import NO_PLAN, Plan
from graymesh.ir.release import Facts, Kind, Release, RouteTable
from graymesh.ir.semantics import Request
from graymesh.ir.settings import SPEC_SETTINGS, SettingRows

NEEDS: Final = ("endpoints", "stages")
"""What a target may need of each release: addresses of every version, or the view at every stage."""

Files: TypeAlias = Mapping[str, str]
"""Artifacts: path relative to the target's output folder, with `/` → text."""

Role: TypeAlias = Literal["alone", "edge", "follower"]
Tree: TypeAlias = Any
"""What `lower` hands to `emit`: plain data that the target chooses, every decision taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTable:
    """The decision for requests to these host names (lower case, no port). `public` names come from `domains`."""

    hosts: tuple[str, ...]
    table: RouteTable
    public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One release as one target must enforce it: what the target cannot say and the spec accepts is left out.

    `tables` is what the target shall decide: the full table when it decides alone or as the edge, the lane table when
    it follows, nothing when it chooses no version. Then `companion` is what the target beside it decides. `facts` are
    those whose features the target declares. `release.table` stays the full table. `spec` is the spec's file below the
    project's root, for comments in artifacts.

    `plan` is the release over time, without guards that the target cannot hold. `stages` are the views of the release
    at each step of the plan, in order, for targets that say `needs: [stages]`; else there are none. `cluster` is the
    name of the cluster that the output is for, "" in a project that has only one. `beside` are the files of the
    project's targets that this one says to come `after`, by the target's name, each as it is written at this stage;
    views in `stages` have none.
    """

    release: Release
    role: Role
    tables: tuple[HostTable, ...]
    facts: Facts
    options: Mapping[str, Any]
    companion: tuple[HostTable, ...] = ()
    spec: str = field(default="", compare=False)
    plan: Plan = NO_PLAN
    stages: tuple[View, ...] = ()
    cluster: str = ""
    beside: Mapping[str, Files] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A part of an artifact that the decoder does not understand; the service it belongs to is not decided.

    `field` is the name of the field or directive as it stands in the file; `line` counts from 1, 0 when unknown.
    """

    file: str
    field: str
    message: str
    path: Pointer = ()
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A value that the engine would not take as it is meant, found by a target's own `check.py`."""

    path: Pointer
    message: str
    help: str = ""
    level: Level = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What whoever runs the engine must have ready, or a target's files do not work there.

    `name` is short and lasts, `text` says it as a sentence about the engine; both are the same for all releases that
    need the same. `path` leads to what of the spec asks for it, () where every release does.
    """

    name: str
    text: str
    path: Pointer = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """What artifacts make an engine do with one subject. Versions carry the engine's own labels (`Expected`).

    The subject is the first of the hosts whose requests are decided by `table`; where artifacts choose no version and
    so have no table, it is the service that they name. `scope` tells statements of one subject apart that hold in
    different places (`mesh`, `gateway istio-system/public`). `setting_files` tells of settings that stand in another
    file than `file`.
    """

    subject: str
    settings: Facts = field(default_factory=dict)
    table: RouteTable | None = None
    hosts: tuple[str, ...] = ()
    scope: str = ""
    file: str = ""
    setting_files: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def decision(self) -> RouteTable:
        """The table, or one without routes, by which nobody is served."""
        return _NO_TABLE if self.table is None else self.table


_NO_TABLE: Final = RouteTable(())


@dataclass(frozen=True, slots=True)
class Decoded:
    """Everything that a set of artifacts amounts to, and what of them was not understood.

    `names` are those that rules of other engines may go by, as the ids of routes; None where they are not known.
    """

    statements: tuple[Statement, ...]
    refusals: tuple[Refusal, ...] = ()
    names: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the spec asks of one engine for one view, besides routes.

    `settings` are what a decoder must find. `labels` are the names under which the engine's artifacts know the
    versions; one that is not there goes by its own. `names` are those that the companion's files must have, or the
    target's rules never act: name → the setting behind it.
    """

    settings: Facts
    labels: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """How a target says a feature. `how` for emulated; `why` and `instead` for none."""

    support: Literal["native", "emulated", "none"]
    how: str = ""
    why: str = ""
    instead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a target: `type` is string, integer, boolean, `list of string` or `structured`; `pattern` matches
    whole values. A structured option is whatever its property in the target's `options.schema.json` takes.

    `shared` options concern a file that all releases share, so all of them must agree. `example` is for editors, where
    the default shows nothing.
    """

    type: str
    doc: str
    default: Any = None
    example: Any = None
    pattern: str = ""
    values: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    shared: bool = False


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`target.yaml`: what a target declares. `serves` holds `public` (domains), `internal` (host) or both.

    `companion` names the target beside which this one stands and whose role it shares; `routes` is False for targets
    that hold rules but choose no version. `namespaces` is False for those whose files tell releases apart by name only.
    `retries_unasked` is False for engines that retry only when told to, so that no retries and none asked for are the
    same to them. `retries_by_method` is False for those that retry requests of every method or of none: their view has
    a route for what must not be done twice. `unseen` are characters that the engine never sees in values of a kind of
    field: they part values there. `reads` tells how the engine reads a kind of field as it stands on the wire: engines
    that say the same read it alike. `ticket_grid` is the number of tickets that an engine without a value for each
    request draws among, 0 for those that give each user a new one; `callers_ids` tells that callers may bring the id
    from which tickets are made. `kubernetes` tells that its files are Kubernetes objects. `needs` are of `NEEDS`
    (GM307, `View.stages`); `after` names targets whose files it must know (`View.beside`).
    `one_cors` is True for engines that tell releases' answers to pages of other origins not apart.
    `down` is what a request gets while no instance of its version takes connections: `502 from nginx`.
    `one_by_one` names two kinds of its objects, where an engine takes each object by itself: first the kind that has
    versions, then the kind whose routes name them. Until both are in force, a route may name a version that is gone.
    """

    name: str
    title: str
    routes: bool
    serves: tuple[str, ...]
    roles: tuple[Role, ...]
    writes: tuple[str, ...]
    engine_versions: tuple[str, ...]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    one_by_one: tuple[str, ...] = ()
    companion: str = ""
    down: str = ""
    namespaces: bool = True
    retries_unasked: bool = True
    retries_by_method: bool = True
    ticket_grid: int = 0
    callers_ids: bool = False
    kubernetes: bool = False
    one_cors: bool = False
    unseen: Mapping[Kind, str] = field(default_factory=dict)
    reads: Mapping[Kind, str] = field(default_factory=dict)
    features: Mapping[str, Capability] = field(default_factory=dict)
    options: Mapping[str, Option] = field(default_factory=dict)

    def capability(self, feature: str) -> Capability:
        """The declaration of the feature or of its nearest parent: `cookie.regex`, else `cookie`; else none."""
        name = feature
        while name:
            if name in self.features:
                return self.features[name]
            name = name.rpartition(".")[0]
        return Capability(support="none", why=f"{self.title} does not declare {feature}")

    def can(self, feature: str) -> bool:
        """Can the target say the feature, natively or emulated?"""
        if feature not in self._able:
            self._able[feature] = self.capability(feature).support != "none"
        return self._able[feature]

    @property
    def answers_preflights(self) -> bool:
        """Does the engine answer CORS preflights itself, whatever its routes say?"""
        return self.can("cors") and not self.can("preflight")

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """What each option is when nobody says anything."""
        return {name: option.default for name, option in self.options.items()}

    @cached_property
    def _able(self) -> dict[str, bool]:
        return {}


@dataclass(frozen=True)
class Target:
    """A target found in its folder; its functions are loaded at first use."""

    manifest: Manifest
    folder: Path
    package: str

    def check(self, view: View) -> Iterator[Constraint]:
        """What the engine would not take as it is meant; nothing when the folder has no `check.py`."""
        if self._has("check"):
            yield from self._module("check").check(view)

    def needs(self, view: View) -> Iterator[Need]:
        """What the operator must have ready for the release, the same at whatever stage the view is of.

        Nothing when the folder has no `needs.py`.
        """
        if self._has("needs"):
            yield from self._module("needs").needs(view)

    def lower(self, views: Sequence[View]) -> Sequence[Tree]:
        """Every decision: the views as the engine's own structures. Refuses nothing, lint already did."""
        return self._module("lower").lower(views)  # type: ignore[no-any-return]

    def emit(self, trees: Sequence[Tree]) -> dict[str, str]:
        """The trees as text: path relative to the target's output folder → content."""
        return self._module("emit").emit(trees)  # type: ignore[no-any-return]

    def decode(self, files: Files) -> Decoded:
        """What these files make the engine do; files may be anybody's."""
        return self._module("decode").decode(files)  # type: ignore[no-any-return]

    def received(self, request: Request) -> Request:
        """The request with the values that the engine compares; as it is when the folder has no `receive.py`."""
        if not self._has("receive"):
            return request
        return self._module("receive").received(request)  # type: ignore[no-any-return]

    def expected(self, view: View) -> Expected:
        """What the spec asks of this engine, computed without what writes; the view's facts without an `expected.py`.

        Raises ValueError when two versions would go by one name, since no proof could tell them apart.
        """
        found = Expected(settings=view.facts)
        if self._has("expected"):
            found = self._module("expected").expected(view)
        if len(set(found.labels.values())) < len(found.labels):
            raise ValueError(f"{self.manifest.name} has one name for two versions: {dict(found.labels)}")
        return found

    @cached_property
    def settings(self) -> SettingRows:
        """The spec's settings and those of which only this target's artifacts tell. Raises DeclarationError."""
        from graymesh.kit.declared import private_settings

        return SPEC_SETTINGS.joined(private_settings(self.folder))

    @cached_property
    def readme(self) -> str:
        """The target's README, for `graymesh explain`."""
        return (self.folder / "README.md").read_text(encoding="utf-8")

    def _has(self, name: str) -> bool:
        return (self.folder / f"{name}.py").is_file()

    def _module(self, name: str) -> Any:
        return importlib.import_module(f"{self.package}.{name}")
