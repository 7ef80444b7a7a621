"""Generated projects: several releases that share targets, issuers, gateways and hosts as those of one company do.

`python -m tests.projects 5000` makes so many of them: whatever lints without error must compile.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graymesh.compile.compiler import Selection, compile_cases
from graymesh.ir.features import FEATURES
from graymesh.kit.registry import target, target_names
from graymesh.kit.target import Manifest
from graymesh.lint import engine
from tests.generate import rollouts, text_of
from tests.helpers import case_from

_ISSUERS: Final = ["https://id.example.com", "https://login.example.org/realms/shop"]
_PLACES: Final = [{"header": "Authorization"}, {"header": "X-Token"}, {"cookie": "tok"}, {"cookie": "session"}]
_KEYS: Final = ["jwks.json", "keys"]
_OPTIONS: Final[dict[str, dict[str, list[Any]]]] = {
    "istio": {
        "gateways": [["istio-system/public"], ["public"], ["istio-system/public", "web/inner"]],
        "gatewayNamespace": ["istio-system", "default"],
        "exportTo": [["*"], [".", "istio-system"], ["istio-system", "web"], ["."]],
        "serviceEntry": [True],
        "createGateway": [True],
    },
    "nginx": {"listen": [8080, 80], "trustedProxies": [["10.0.0.0/8"]]},
    "spring-cloud-gateway": {"clientAddress": ["connection", "forwarded"], "preserveHost": [True]},
    "sentinel": {"limitsPer": ["instance", "version"]},
}


@st.composite
def projects(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Two to four releases; each is made for one of its targets, and often cannot be said by another."""
    shared = {name: draw(_options(name)) for name in target_names()}
    return [draw(_release(number, shared)) for number in range(draw(st.integers(2, 4)))]


@st.composite
def _release(draw: st.DrawFn, number: int, shared: dict[str, dict[str, Any]]) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(_routing()), min_size=1, max_size=2, unique=True))
    data = draw(rollouts(_common([target(name).manifest for name in names]), number))
    spec = data["spec"]
    names += draw(st.lists(st.sampled_from(sorted(set(target_names()) - set(_routing()))), max_size=1))
    spec["targets"] = {name: draw(_some(shared[name])) for name in names}
    data["metadata"]["namespace"] = draw(st.sampled_from(["default", "default", "web"]))
    if "jwt" in spec:
        issuer = draw(st.sampled_from(_ISSUERS))
        keys = draw(st.sampled_from(_KEYS[:1] * 4 + _KEYS[1:]))
        spec["jwt"] = {"issuer": issuer, "jwks": f"{issuer}/{keys}", "from": draw(st.sampled_from(_PLACES))}
    edges = [name for name in names if "edge" in target(name).manifest.roles]
    if edges and draw(st.integers(0, 3)) == 0:
        spec["edge"] = {"target": draw(st.sampled_from(edges)), "header": "X-Gray-Lane"}
        if spec["edge"]["target"] == "istio":
            spec["targets"]["istio"] = {"gateways": ["istio-system/public"]} | spec["targets"]["istio"]
    return data


def _routing() -> list[str]:
    return sorted(name for name in target_names() if target(name).manifest.routes)


def _common(manifests: Sequence[Manifest]) -> Manifest:
    """A target that can say what all of these can."""
    first = manifests[0]
    unable = {name: each.capability(name) for each in manifests for name in FEATURES if not each.can(name)}
    one_cors = any(each.one_cors for each in manifests)
    return replace(first, one_cors=one_cors, features={**{name: first.capability(name) for name in FEATURES}, **unable})


def _options(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """The values of a target's options on which the releases of a project mostly agree."""
    known = _OPTIONS.get(name, {})
    return st.fixed_dictionaries({}, optional={option: st.sampled_from(values) for option, values in known.items()})


def _some(options: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """All of the options, or none of them, as releases that nobody has touched for long have it."""
    return st.sampled_from([options, options, {}])


def unfit(project: Sequence[dict[str, Any]]) -> list[str] | None:
    """What compiling finds where lint has no error; None where lint has one."""
    cases = []
    for number, data in enumerate(project):
        case, problems = case_from(text_of(data), f"release-{number}.yaml")
        if case is None or any(problem.level == "error" for problem in problems):
            return None
        cases.append(case)
    if any(found.level == "error" for found in engine.run(cases)):
        return None
    compiled = compile_cases(cases, (), Selection(), lambda *_: None)
    return [f"{found.code} {found.message}" for found in compiled.diagnostics if found.level == "error"]


def lints_clean_and_compiles(examples: int) -> int:
    """Raises AssertionError for a generated project that lints without error and does not compile.

    Gives the number of those that linted without one.
    """
    clean = 0

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(projects())
    def law(project: list[dict[str, Any]]) -> None:
        nonlocal clean
        found = unfit(project)
        assert not found, found
        clean += found is not None

    law()
    return clean


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if sys.argv[1:] else 5000
    without_error = lints_clean_and_compiles(wanted)
    print(f"{wanted} generated projects: {without_error} lint without error, and all of them compile")
