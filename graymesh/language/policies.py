"""Parts of a spec that say nothing about which version a request gets: guards, limits, resilience, notice, trace."""

from __future__ import annotations

from graymesh.language.numbers import Whole
from graymesh.language.record import One, Record, field
from graymesh.language.shapes import ListOf, Place, Word
from graymesh.language.words import DURATION_MS, OWN_HEADER_NAME, PERCENTAGE, QUANTILE, VALUE

MOST_REQUESTS = 1_000_000_000
RETRY_CONDITIONS = ("connect-failure", "5xx", "gateway-error", "reset", "timeout", "unavailable")


class ErrorRate(Record):
    """Too many errors stop a canary."""

    max_basis_points: int = field(PERCENTAGE, "Largest share of failed requests.", example="1%", written="max")
    window_ms: int = field(
        DURATION_MS, "The time over which the share is taken.", example="5m", written="window", default="5m"
    )


class Latency(Record):
    """Slow answers stop a canary."""

    max_ms: int = field(DURATION_MS, "Longest answer time at the quantile.", example="500ms", written="max")
    quantile_basis_points: int = field(
        QUANTILE,
        "The quantile of the answer times that is held against the limit.",
        example=0.99,
        written="quantile",
        default=0.99,
    )
    window_ms: int = field(
        DURATION_MS, "The time over which the quantile is taken.", example="5m", written="window", default="5m"
    )


class Cpu(Record):
    """A loaded canary gets no new traffic."""

    max_basis_points: int = field(PERCENTAGE, "Largest processor load.", example="90%", written="max")
    for_ms: int = field(DURATION_MS, "How long the load must last.", example="1m", written="for", default="1m")


class Coverage(Record):
    """A verdict needs data."""

    min_basis_points: int = field(
        PERCENTAGE, "Smallest share of the canary's instances that report metrics.", example="95%", written="min"
    )


class Guards(Record):
    """Limits that every canary must keep to."""

    error_rate: ErrorRate | None = field(One(ErrorRate), "Too many errors stop a canary.", default=None)
    latency: Latency | None = field(One(Latency), "Slow answers stop a canary.", default=None)
    cpu: Cpu | None = field(One(Cpu), "Above this load a canary gets no new traffic.", default=None)
    coverage: Coverage | None = field(One(Coverage), "So much of a canary must report metrics.", default=None)

    def problems(self, place: Place) -> None:
        """At least one guard."""
        if not any(vars(self).values()):
            place.report("GM110", "there is no guard in guards", "name one: errorRate, latency, cpu, coverage")


class VersionLimits(Record):
    """What one version can take."""

    qps: int = field(Whole(1, MOST_REQUESTS), "Requests per second for all instances together.", example=500)


class Retries(Record):
    """Failed requests are tried again."""

    attempts: int = field(Whole(0, 10), "How often a failed request is tried again; 0 switches retries off.", example=2)
    per_try_ms: int | None = field(
        DURATION_MS, "Time limit of each try.", example="500ms", written="perTry", default=None
    )
    on: tuple[str, ...] | None = field(
        ListOf(Word(*RETRY_CONDITIONS), least=1, most=len(RETRY_CONDITIONS), unique=True),
        "What counts as failed; the engine's own list when left out.",
        example=["connect-failure", "5xx"],
        default=None,
    )

    def problems(self, place: Place) -> None:
        """No details about retries that are switched off."""
        if not self.attempts and (self.per_try_ms is not None or self.on):
            place.below("attempts").report("GM110", "0 attempts leave nothing to say about tries", "leave the rest out")


class Outlier(Record):
    """Instances that fail are left out for a while."""

    errors: int = field(Whole(1, 1_000_000), "Errors in a row after which an instance is left out.", example=5)
    interval_ms: int | None = field(
        DURATION_MS, "The time in which errors are counted.", example="10s", written="interval", default=None
    )
    eject_ms: int | None = field(
        DURATION_MS, "How long an instance is left out.", example="30s", written="eject", default=None
    )
    max_ejected_basis_points: int | None = field(
        PERCENTAGE, "Largest share of instances left out at a time.", example="50%", written="maxEjected", default=None
    )


class Pool(Record):
    """Limits on connections to the service."""

    max_connections: int | None = field(
        Whole(1, 1_000_000), "Most open connections to the service.", example=100, default=None
    )
    max_pending: int | None = field(
        Whole(1, 1_000_000), "Most requests that wait for a connection.", example=50, default=None
    )
    max_requests_per_connection: int | None = field(
        Whole(1, 1_000_000), "Most requests on one connection before it is closed.", example=1000, default=None
    )

    def problems(self, place: Place) -> None:
        """At least one limit."""
        if not any(vars(self).values()):
            place.report(
                "GM110", "there is no limit in pool", "name one: maxConnections, maxPending, maxRequestsPerConnection"
            )


class Resilience(Record):
    """What engines do about slow and failing instances."""

    timeout_ms: int | None = field(
        DURATION_MS, "Time limit of an answer, all tries together.", example="2s", written="timeout", default=None
    )
    retries: Retries | None = field(One(Retries), "Failed requests are tried again.", default=None)
    outlier: Outlier | None = field(One(Outlier), "Failing instances are left out for a while.", default=None)
    warmup_ms: int | None = field(
        DURATION_MS, "A new instance's share grows over this time.", example="60s", written="warmup", default=None
    )
    pool: Pool | None = field(One(Pool), "Limits on connections and waiting requests.", default=None)


class Notice(Record):
    """A response header for everyone who gets a canary."""

    header: str = field(OWN_HEADER_NAME, "Name of the response header.", example="X-Gray-Notice")
    value: str = field(VALUE, "Its value.", example="you are trying v2")


class Trace(Record):
    """A request header with a unique id on canary requests."""

    header: str = field(OWN_HEADER_NAME, "Name of the request header.", example="X-Gray-Trace")
