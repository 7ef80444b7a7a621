"""What a spec tells engines besides routes, under the names of `graymesh.ir.settings`."""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.release import WHOLE, Facts, Scalar
from graymesh.language.model import Spec
from graymesh.language.policies import (
    BreakerSpec,
    CircuitBreakerSpec,
    GuardsSpec,
    Outlier,
    Pool,
    Resilience,
    VersionLimits,
)

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
    if spec.resilience and spec.resilience.fallback:
        found |= {(canary, "fallback"): spec.resilience.fallback for canary in spec.canaries}
    breaker = dict(_of_breaker(spec.resilience.circuit_breaker if spec.resilience else None))
    found |= {(version, name): value for version in spec.versions for name, value in breaker.items()}
    limits = ((version, name, value) for version, each in spec.limits.items() for name, value in _of_limits(each))
    return found | {(version, name): value for version, name, value in limits if value is not None}


def _of_limits(limits: VersionLimits) -> Named:
    yield "limits.qps", limits.qps
    yield "limits.cpu.bp", limits.cpu_basis_points


def _of_breaker(breaker: CircuitBreakerSpec | None) -> Iterator[tuple[str, Scalar]]:
    if breaker is None:
        return
    if breaker.slow_calls:
        yield "circuitBreaker.slowCalls.bp", breaker.slow_calls.max_basis_points
        yield "circuitBreaker.slowCalls.above.ms", breaker.slow_calls.above_ms
        yield from _of_windows("slowCalls", breaker.slow_calls, breaker.slow_calls.max_basis_points)
    if breaker.error_ratio:
        yield "circuitBreaker.errorRatio.bp", breaker.error_ratio.max_basis_points
        yield from _of_windows("errorRatio", breaker.error_ratio, breaker.error_ratio.max_basis_points)
    if breaker.error_count:
        yield "circuitBreaker.errorCount", breaker.error_count.max
        yield from _of_windows("errorCount", breaker.error_count, WHOLE)


def _of_windows(name: str, breaker: BreakerSpec, allowed_basis_points: int) -> Iterator[tuple[str, Scalar]]:
    yield f"circuitBreaker.{name}.window.ms", breaker.window_ms
    fewest = breaker.min_requests or _fewest(allowed_basis_points)
    yield f"circuitBreaker.{name}.minRequests", fewest
    yield f"circuitBreaker.{name}.open.ms", breaker.open_ms


def _fewest(allowed_basis_points: int) -> int:
    """So many calls that a single bad one stays within the allowed share, 5 at least; one where none is allowed."""
    return max(5, -(-WHOLE // allowed_basis_points)) if allowed_basis_points else 1


def _of_all(spec: Spec) -> Named:
    if spec.service.protocol != "http":
        yield f"protocol.{spec.service.protocol}", "spoken"
    if spec.service.streams:
        yield "streams", "passed on"
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
    for name, usage in (("cpu", guards.cpu), ("memory", guards.memory)):
        if usage:
            yield f"guards.{name}.bp", usage.max_basis_points
            yield f"guards.{name}.for.ms", usage.for_ms
            yield f"guards.{name}.action", usage.action
    if guards.coverage:
        yield "guards.coverage.bp", guards.coverage.min_basis_points
