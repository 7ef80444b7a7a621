"""Parts of a spec that say nothing about which version a request gets: guards, limits, resilience, notice, trace."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from graymesh.language.part import UNIQUE, Entries, Maybe, Part
from graymesh.language.problems import Malformed
from graymesh.language.values import Whole
from graymesh.language.words import DurationMs, OwnHeaderName, Percentage, Quantile, Value

_FIVE_MINUTES_MS = 300_000
_UpToAMillion = Annotated[int, Whole(1, 1_000_000)]
_Action = Literal["rollback", "holdNew"]
_ACTION = "What then happens: the canary goes back to stable, or it keeps its users and gets no new ones."
_RetryCondition = Literal["connect-failure", "5xx", "gateway-error", "reset", "timeout", "unavailable"]


class ErrorRateSpec(Part):
    """Too many errors stop a canary."""

    max_basis_points: Percentage = Field(alias="max", description="Largest share of failed requests.", examples=["1%"])
    window_ms: DurationMs = Field(
        alias="window",
        default=_FIVE_MINUTES_MS,
        description="The window over which the share is measured.",
        examples=["5m"],
    )


class LatencySpec(Part):
    """Slow answers stop a canary."""

    max_ms: DurationMs = Field(alias="max", description="Longest answer time at the quantile.", examples=["500ms"])
    quantile_basis_points: Quantile = Field(
        alias="quantile",
        default=9900,
        description="The quantile of answer times that is compared with the limit.",
        examples=[0.99],
    )
    window_ms: DurationMs = Field(
        alias="window",
        default=_FIVE_MINUTES_MS,
        description="The window over which the quantile is measured.",
        examples=["5m"],
    )


class CpuSpec(Part):
    """A loaded canary is taken back, or gets no new users."""

    max_basis_points: Percentage = Field(
        alias="max", description="Largest processor load of the canary's instances.", examples=["90%"]
    )
    for_ms: DurationMs = Field(alias="for", default=60_000, description="How long the load must last.", examples=["1m"])
    action: _Action = Field(default="rollback", description=_ACTION, examples=["holdNew"])


class MemorySpec(Part):
    """A canary that fills its memory is taken back, or gets no new users."""

    max_basis_points: Percentage = Field(
        alias="max",
        description="Largest share of their memory limit that the canary's instances use.",
        examples=["85%"],
    )
    for_ms: DurationMs = Field(alias="for", default=60_000, description="How long it must last.", examples=["5m"])
    action: _Action = Field(default="rollback", description=_ACTION, examples=["holdNew"])


class CoverageSpec(Part):
    """A verdict needs data."""

    min_basis_points: Percentage = Field(
        alias="min",
        description="Smallest share of the canary's instances that report metrics.",
        examples=["95%"],
    )


class GuardsSpec(Part):
    """Limits that every canary must keep to, or it goes back to stable."""

    enforced_by: Maybe[Literal["judge", "operator"]] = Field(
        default=None,
        description="Who takes the canary back when no target does: CI by the metrics, or people behind an alert.",
        examples=["operator"],
    )
    error_rate: Maybe[ErrorRateSpec] = Field(default=None, description="Too many errors stop a canary.")
    latency: Maybe[LatencySpec] = Field(default=None, description="Slow answers stop a canary.")
    cpu: Maybe[CpuSpec] = Field(default=None, description="A loaded canary is taken back, or held.")
    memory: Maybe[MemorySpec] = Field(
        default=None, description="A canary that fills its memory is taken back, or held."
    )
    coverage: Maybe[CoverageSpec] = Field(default=None, description="The share of a canary that must report metrics.")

    @model_validator(mode="after")
    def _there_is_one(self) -> Self:
        if not any(value for name, value in self if name != "enforced_by"):
            raise Malformed("GM110", "guards is empty", "name one: errorRate, latency, cpu, memory, coverage")
        return self


class VersionLimits(Part):
    """What one version can take."""

    qps: Maybe[Annotated[int, Whole(1, 1_000_000_000)]] = Field(
        default=None,
        description="Requests per second to the version that one process lets pass: nginx counts in each nginx, "
        "Sentinel in each instance, each of which gets all of it unless its option `limitsPer` is `version`.",
        examples=[500],
    )
    cpu_basis_points: Maybe[Percentage] = Field(
        alias="cpu",
        default=None,
        description="Processor load above which an instance turns requests away. Sentinel reads the load of the whole "
        "machine, neighbours included, not that of the process.",
        examples=["90%"],
    )

    @model_validator(mode="after")
    def _there_is_one(self) -> Self:
        if self.qps is None and self.cpu_basis_points is None:
            raise Malformed("GM110", "the limits are empty", "name one: qps, cpu")
        return self


class RetriesSpec(Part):
    """Failed requests are tried again."""

    attempts: Annotated[int, Whole(0, 10)] = Field(
        description="How often a failed request is tried again; 0 switches retries off.", examples=[2]
    )
    per_try_ms: Maybe[DurationMs] = Field(
        alias="perTry", default=None, description="Time limit of each try.", examples=["500ms"]
    )
    on: Maybe[Annotated[tuple[_RetryCondition, ...], Entries(1, 6), UNIQUE]] = Field(
        default=None,
        description="What counts as failed; the engine's own list when left out.",
        examples=[["connect-failure", "5xx"]],
    )

    methods: Maybe[Literal["idempotent", "all"]] = Field(
        default=None,
        description="Which requests are tried again: idempotent, all but POST and PATCH, when left out; all has those "
        "too, so that they may be carried out twice.",
        examples=["idempotent"],
    )

    @model_validator(mode="after")
    def _no_details_when_switched_off(self) -> Self:
        if not self.attempts and (self.per_try_ms is not None or self.on or self.methods is not None):
            message = "with 0 attempts there are no tries to describe"
            raise Malformed("GM110", message, "leave the rest out", below=("attempts",))
        return self


class Outlier(Part):
    """Instances that fail are left out for a while."""

    errors: _UpToAMillion = Field(description="Errors in a row after which an instance is left out.", examples=[5])
    interval_ms: Maybe[DurationMs] = Field(
        alias="interval", default=None, description="The time in which errors are counted.", examples=["10s"]
    )
    eject_ms: Maybe[DurationMs] = Field(
        alias="eject", default=None, description="How long an instance is left out.", examples=["30s"]
    )
    max_ejected_basis_points: Maybe[Percentage] = Field(
        alias="maxEjected",
        default=None,
        description="Largest share of instances left out at a time.",
        examples=["50%"],
    )


class Pool(Part):
    """Limits on connections to the service."""

    max_connections: Maybe[_UpToAMillion] = Field(
        default=None, description="Most open connections to the service.", examples=[100]
    )
    max_pending: Maybe[_UpToAMillion] = Field(
        default=None, description="Most requests that wait for a connection.", examples=[50]
    )
    max_requests_per_connection: Maybe[_UpToAMillion] = Field(
        default=None, description="Most requests on one connection before it is closed.", examples=[1000]
    )

    @model_validator(mode="after")
    def _there_is_one(self) -> Self:
        if not any(value for _, value in self):
            advice = "name one: maxConnections, maxPending, maxRequestsPerConnection"
            raise Malformed("GM110", "pool is empty", advice)
        return self


class BreakerSpec(Part):
    """What all circuit breakers say alike."""

    window_ms: DurationMs = Field(
        alias="window", default=10_000, description="Calls are counted over windows of this length.", examples=["10s"]
    )
    min_requests: Maybe[_UpToAMillion] = Field(
        default=None,
        description="Calls in a window before it is judged; as many as make one bad call alone stay within `max`, and "
        "at least 5, when left out.",
        examples=[20],
    )
    open_ms: DurationMs = Field(
        alias="open",
        default=30_000,
        description="How long calls are then rejected, before one is let through to try.",
        examples=["30s"],
    )


class SlowCallsSpec(BreakerSpec):
    """Too many slow calls open the circuit."""

    above_ms: DurationMs = Field(alias="above", description="A call that takes longer is slow.", examples=["500ms"])
    max_basis_points: Percentage = Field(alias="max", description="Largest share of slow calls.", examples=["50%"])


class ErrorRatioSpec(BreakerSpec):
    """Too large a share of failed calls opens the circuit."""

    max_basis_points: Percentage = Field(alias="max", description="Largest share of failed calls.", examples=["50%"])


class ErrorCountSpec(BreakerSpec):
    """Too many failed calls open the circuit."""

    max: _UpToAMillion = Field(description="Most failed calls in a window.", examples=[100])


class CircuitBreakerSpec(Part):
    """Each instance, of every version, rejects its own calls for a while when too many of them go wrong.

    Nobody is sent elsewhere: users who stay on the version get the rejections.
    """

    slow_calls: Maybe[SlowCallsSpec] = Field(default=None, description="Too many slow calls open the circuit.")
    error_ratio: Maybe[ErrorRatioSpec] = Field(
        default=None, description="Too large a share of failed calls opens the circuit."
    )
    error_count: Maybe[ErrorCountSpec] = Field(default=None, description="Too many failed calls open the circuit.")

    @model_validator(mode="after")
    def _there_is_one(self) -> Self:
        if not any(value for _, value in self):
            advice = "name one: slowCalls, errorRatio, errorCount"
            raise Malformed("GM110", "circuitBreaker is empty", advice)
        return self


class Resilience(Part):
    """What engines do about slow and failing instances."""

    timeout_ms: Maybe[DurationMs] = Field(
        alias="timeout",
        default=None,
        description="Time limit of an answer, all tries together.",
        examples=["2s"],
    )
    retries: Maybe[RetriesSpec] = Field(default=None, description="Failed requests are tried again.")
    outlier: Maybe[Outlier] = Field(default=None, description="Failing instances are left out for a while.")
    fallback: Maybe[Literal["stable"]] = Field(
        default=None,
        description="Who answers requests for a canary when none of its instances is left to try: they fail when left "
        "out. Users keep their ticket, so that they are back on the canary as soon as it answers.",
        examples=["stable"],
    )
    warmup_ms: Maybe[DurationMs] = Field(
        alias="warmup",
        default=None,
        description="A new instance's share grows over this time.",
        examples=["60s"],
    )
    pool: Maybe[Pool] = Field(default=None, description="Limits on connections and waiting requests.")
    circuit_breaker: Maybe[CircuitBreakerSpec] = Field(
        default=None,
        description="Each instance, of every version, rejects calls for a while when too many go wrong. No guard: "
        "users of the canary are rejected, not sent to stable.",
    )


class Notice(Part):
    """A response header for everyone who gets a canary."""

    header: OwnHeaderName = Field(description="Name of the response header.", examples=["X-Gray-Notice"])
    value: Value = Field(description="Its value.", examples=["you are trying v2"])


class Trace(Part):
    """A request header with a unique id on canary requests."""

    header: OwnHeaderName = Field(description="Name of the request header.", examples=["X-Gray-Trace"])
