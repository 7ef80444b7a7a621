"""The release over time and what runs it: the same at every stage, so that a target may write what walks the stages.

A `Release` is one stage; how its requests are routed is there. Here stands what leads from one stage to the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from graymesh.diagnostic import Pointer
from graymesh.ir.release import Version

Action: TypeAlias = Literal["rollback", "holdNew"]
"""What follows a broken guard: the canary goes back to stable, or keeps its users and gets no new ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stage of the release.

    `shares` are (version, basis points) of the requests that no audience's route takes: every canary in the order of
    the spec, those with nothing too, and stable last; they add up to 10,000. `hold_ms` is the shortest time before the
    next step; None says nothing about it, and whoever runs the release decides.
    """

    name: str
    shares: tuple[tuple[str, int], ...]
    hold_ms: int | None = None
    origin: Pointer = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRate:
    """At most this share of a canary's requests fails within the window."""

    max_basis_points: int
    window_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The quantile of a canary's answer times within the window is at most this."""

    max_ms: int
    quantile_basis_points: int
    window_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A canary's instances do not use more than this for so long: of the processor, or of their memory limit."""

    max_basis_points: int
    for_ms: int
    action: Action = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """At least this share of a canary's instances reports metrics, or there is no verdict."""

    min_basis_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What every canary must keep to at every step, or it goes back to stable; None where the spec asks for nothing.

    `enforced_by` is who takes it back where no target does: `judge`, `operator`, or "" for nobody.
    """

    enforced_by: str = ""
    error_rate: ErrorRate | None = None
    latency: Latency | None = None
    cpu: Usage | None = None
    memory: Usage | None = None
    coverage: Coverage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What runs one version. `kind`, `name` and `container` are of the spec's workload, "" where it does not say.

    The version has its image ("" when not said), replicas (None when not said), endpoints and labels.
    """

    version: Version
    kind: str = ""
    name: str = ""
    container: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps in order, none for a release without stages; the guards; and one workload for each version."""

    steps: tuple[Step, ...] = ()
    guards: Guards = Guards()
    workloads: tuple[Workload, ...] = ()

    def step(self, name: str) -> Step:
        """The step of that name; KeyError when there is none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def workload(self, version: str) -> Workload:
        """The workload of that version; KeyError when there is none."""
        for workload in self.workloads:
            if workload.version.name == version:
                return workload
        raise KeyError(version)


NO_PLAN = Plan()
"""Of a release of which only one stage is known."""
