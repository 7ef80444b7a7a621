"""From the stages, guards and workload as written to the plan."""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.plan import Coverage, ErrorRate, Guards, Latency, Plan, Step, Usage, Workload
from graymesh.ir.release import WHOLE
from graymesh.language.model import Rollout, Spec
from graymesh.language.policies import CpuSpec, MemorySpec
from graymesh.language.policies import GuardsSpec as WrittenGuards
from graymesh.language.resolve import versions_of


def plan_of(rollout: Rollout) -> Plan:
    """The plan of a release, which is the same at every stage."""
    spec = rollout.spec
    return Plan(steps=tuple(_steps(spec)), guards=_guards(spec.guards), workloads=tuple(_workloads(spec)))


def _steps(spec: Spec) -> Iterator[Step]:
    canaries = spec.canaries
    for index, stage in enumerate(spec.stages):
        weights = stage.weights(canaries)
        stable = (spec.stable, WHOLE - sum(weights.values()))
        origin = ("spec", "stages", index)
        yield Step(name=stage.name, shares=(*weights.items(), stable), hold_ms=stage.hold_ms, origin=origin)


def _workloads(spec: Spec) -> Iterator[Workload]:
    written = spec.workload
    for version in versions_of(spec):
        if written is None:
            yield Workload(version=version)
        else:
            yield Workload(version=version, kind=written.kind, name=written.name, container=written.container or "")


def _guards(written: WrittenGuards | None) -> Guards:
    if written is None:
        return Guards()
    errors, latency, coverage = written.error_rate, written.latency, written.coverage
    return Guards(
        enforced_by=written.enforced_by or "",
        error_rate=ErrorRate(max_basis_points=errors.max_basis_points, window_ms=errors.window_ms) if errors else None,
        latency=Latency(
            max_ms=latency.max_ms,
            quantile_basis_points=latency.quantile_basis_points,
            window_ms=latency.window_ms,
        )
        if latency
        else None,
        cpu=_usage(written.cpu),
        memory=_usage(written.memory),
        coverage=Coverage(min_basis_points=coverage.min_basis_points) if coverage else None,
    )


def _usage(written: CpuSpec | MemorySpec | None) -> Usage | None:
    if written is None:
        return None
    return Usage(max_basis_points=written.max_basis_points, for_ms=written.for_ms, action=written.action)
