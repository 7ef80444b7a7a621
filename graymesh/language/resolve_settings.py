"""What a spec tells engines besides routes, under the names of `graymesh.ir.settings`."""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.release import Facts, Scalar
from graymesh.language.model import Spec
from graymesh.language.policies import GuardsSpec, Outlier, Pool, Resilience

Named = Iterator[tuple[str, Scalar | None]]


def facts_of(spec: Spec) -> Facts:
    """Every fact that the spec states; what it leaves out is left to the engine."""
    found: dict[tuple[str, str], Scalar] = {}
    for name, version in spec.versions.items():
        labels = version.labels if version.labels is not None else {"version": name}
        found |= {(name, f"labels.{label}"): value for label, value in labels.items()}
        if version.endpoints:
            found[name, "endpoints"] = tuple(sorted(version.endpoints))
    found |= {("", name): value for name, value in _of_all(spec) if value is not None}
    guards = {name: value for name, value in _of_guards(spec.guards) if value is not None}
    found |= {(canary, name): value for canary in spec.canaries for name, value in guards.items()}
    return found | {(name, "limits.qps"): limits.qps for name, limits in spec.limits.items()}


def _of_all(spec: Spec) -> Named:
    if spec.service.protocol != "http":
        yield f"protocol.{spec.service.protocol}", "spoken"
    if spec.resilience:
        yield from _of_resilience(spec.resilience)
    if spec.jwt:
        yield "jwt.issuer", spec.jwt.issuer
        yield "jwt.jwks", spec.jwt.jwks
        yield "jwt.from", f"{spec.jwt.source.kind} {spec.jwt.source.name}"


def _of_resilience(resilience: Resilience) -> Named:
    yield "warmup.ms", resilience.warmup_ms
    if resilience.outlier:
        yield from _of_outlier(resilience.outlier)
    if resilience.pool:
        yield from _of_pool(resilience.pool)


def _of_outlier(outlier: Outlier) -> Named:
    yield "outlier.errors", outlier.errors
    yield "outlier.interval.ms", outlier.interval_ms
    yield "outlier.eject.ms", outlier.eject_ms
    yield "outlier.maxEjected.bp", outlier.max_ejected_basis_points


def _of_pool(pool: Pool) -> Named:
    yield "pool.maxConnections", pool.max_connections
    yield "pool.maxPending", pool.max_pending
    yield "pool.maxRequestsPerConnection", pool.max_requests_per_connection


def _of_guards(guards: GuardsSpec | None) -> Named:
    if guards is None:
        return
    if guards.error_rate:
        yield "guards.errorRate.bp", guards.error_rate.max_basis_points
        yield "guards.errorRate.window.ms", guards.error_rate.window_ms
    if guards.latency:
        yield "guards.latency.ms", guards.latency.max_ms
        yield "guards.latency.quantile.bp", guards.latency.quantile_basis_points
        yield "guards.latency.window.ms", guards.latency.window_ms
    if guards.cpu:
        yield "guards.cpu.bp", guards.cpu.max_basis_points
        yield "guards.cpu.for.ms", guards.cpu.for_ms
    if guards.coverage:
        yield "guards.coverage.bp", guards.coverage.min_basis_points
