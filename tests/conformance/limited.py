"""Generated releases with limits and guards: what targets that hold rules but choose no version are told."""

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
    """A rollout that `routing` can enforce alone, with limits and guards for `holding`, as the data of its file.

    At least one limit or guard is there.
    """
    data = draw(rollouts(routing, number))
    spec = data["spec"]
    for version in spec["versions"].values():
        version |= {"replicas": draw(st.integers(1, 7))} if draw(st.booleans()) else {}
    names = st.lists(st.sampled_from(sorted(spec["versions"])), unique=True)
    limits = {name: {"qps": draw(_QPS)} for name in draw(names)}
    chosen = draw(guards(least=0 if limits else 1))
    spec |= ({"limits": limits} if limits else {}) | ({"guards": chosen} if chosen else {})
    spec["targets"] = {routing.name: {}, holding.name: draw(options())}
    return data


@st.composite
def guards(draw: st.DrawFn, least: int) -> dict[str, Any]:
    """`least` guards or more."""
    every = {
        "errorRate": {"max": st.sampled_from(_SHARES), "window": st.sampled_from(_WINDOWS)},
        "latency": {
            "max": st.sampled_from(["1ms", "50ms", "500ms", "3s", "1h"]),
            "quantile": st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.99, 0.999]),
            "window": st.sampled_from(_WINDOWS),
        },
        "cpu": {"max": st.sampled_from(_SHARES), "for": st.sampled_from(_WINDOWS)},
    }
    names = draw(st.lists(st.sampled_from(sorted(every)), min_size=least, unique=True))
    return {name: draw(st.fixed_dictionaries(every[name])) for name in names}


@st.composite
def options(draw: st.DrawFn) -> dict[str, Any]:
    """Options of the target Sentinel, some of them left out."""
    every: dict[str, st.SearchStrategy[Any]] = {
        "gateway": st.booleans(),
        "limitsPer": st.sampled_from(["instance", "version"]),
        "recoverySeconds": st.sampled_from([1, 30, 86_400]),
    }
    return draw(st.fixed_dictionaries({}, optional=every))
