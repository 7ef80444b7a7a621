"""Generated releases with limits and circuit breakers: what targets that hold rules but choose no version are told."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from graymesh.kit.target import Manifest
from tests.generate import rollouts

_WINDOWS = ["1s", "20s", "1m", "90s", "5m", "2h", "576h"]
_SHARES = ["0%", "0.01%", "0.5%", "1%", "3%", "12.5%", "50%", "99.99%", "100%"]
_QPS = st.one_of(st.integers(1, 300), st.sampled_from([1, 999, 5000, 1_000_000_000]))


@st.composite
def limited_rollouts(draw: st.DrawFn, routing: Manifest, holding: Manifest, number: int = 0) -> dict[str, Any]:
    """A rollout that `routing` can enforce alone, with limits and circuit breakers for `holding`, as its file's data.

    At least one limit or circuit breaker is there.
    """
    data = draw(rollouts(routing, number))
    data["spec"].pop("cors", None)  # several releases stand in one set of files, which may have one only
    spec = data["spec"]
    for version in spec["versions"].values():
        version |= {"replicas": draw(st.integers(1, 7))} if draw(st.booleans()) else {}
    names = st.lists(st.sampled_from(sorted(spec["versions"])), unique=True)
    limits = {name: {"qps": draw(_QPS)} for name in draw(names)}
    chosen = draw(breakers(least=0 if limits else 1))
    for name in limits:
        limits[name] |= {"cpu": draw(st.sampled_from(_SHARES))} if draw(st.booleans()) else {}
    spec |= {"limits": limits} if limits else {}
    if chosen:
        spec["resilience"] = {**spec.get("resilience", {}), "circuitBreaker": chosen}
    spec["targets"] = {routing.name: {}, holding.name: draw(options())}
    return data


@st.composite
def breakers(draw: st.DrawFn, least: int) -> dict[str, Any]:
    """`least` circuit breakers or more."""
    every: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "errorRatio": {"max": st.sampled_from(_SHARES).filter(lambda share: share != "100%")},
        "slowCalls": {"max": st.sampled_from(_SHARES), "above": st.sampled_from(["1ms", "50ms", "500ms", "3s", "1h"])},
        "errorCount": {"max": st.integers(1, 50)},
    }
    common = {
        "window": st.sampled_from(_WINDOWS),
        "minRequests": st.integers(1, 200),
        "open": st.sampled_from(["1s", "30s", "24h"]),
    }
    names = draw(st.lists(st.sampled_from(sorted(every)), min_size=least, unique=True))
    return {name: draw(st.fixed_dictionaries(every[name], optional=common)) for name in names}


@st.composite
def options(draw: st.DrawFn) -> dict[str, Any]:
    """Options of the target Sentinel, some of them left out."""
    every: dict[str, st.SearchStrategy[Any]] = {
        "gateway": st.booleans(),
        "limitsPer": st.sampled_from(["instance", "version"]),
    }
    return draw(st.fixed_dictionaries({}, optional=every))
