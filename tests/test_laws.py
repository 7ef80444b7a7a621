"""The laws that every target obeys, on generated releases. A new target is held to them without an edit here."""

from __future__ import annotations

import fnmatch
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from graymesh.compile.verify import verify
from graymesh.kit.registry import target, target_names
from graymesh.kit.target import Target, View
from graymesh.language.case import Case
from graymesh.lint import engine
from tests.generate import rollouts, text_of
from tests.helpers import ROOT, case_from

ROUTERS = [name for name in target_names() if target(name).manifest.routes]
GENERATED = settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
FEWER = settings(GENERATED, max_examples=60)


def case_of_data(data: dict[str, Any]) -> Case:
    """The case of a generated spec; specs that lint refuses for its target are left out."""
    case, problems = case_from(text_of(data))
    assert case is not None, [(problem.code, problem.message) for problem in problems]
    errors = [item for item in engine.run([case], select=["GM3"]) if item.level == "error"]
    assume(not errors)
    return case


def view_of(case: Case, chosen: Target) -> View:
    return case.view(chosen.manifest)


def emitted(chosen: Target, views: list[View]) -> dict[str, str]:
    return chosen.emit(chosen.lower(views))


@pytest.mark.parametrize("name", ROUTERS)
def test_what_is_read_back_is_what_the_spec_says(name: str) -> None:
    """decode ∘ emit ∘ lower ≡ the reference, with every fact."""
    chosen = target(name)

    @GENERATED
    @given(st.data())
    def law(data: st.DataObject) -> None:
        view = view_of(case_of_data(data.draw(rollouts(chosen.manifest))), chosen)
        files = emitted(chosen, [view])
        found = verify(chosen, [view], chosen.decode(files), name)
        assert [item.diagnostic.message for item in found] == []

    law()


@pytest.mark.parametrize("name", ROUTERS)
def test_the_order_of_the_input_does_not_show(name: str) -> None:
    """The same bytes whatever the order of releases and of keys in a spec."""
    chosen = target(name)

    @FEWER
    @given(st.data())
    def law(data: st.DataObject) -> None:
        specs = [data.draw(rollouts(chosen.manifest, number)) for number in range(3)]
        views = [view_of(case_of_data(spec), chosen) for spec in specs]
        turned = [view_of(case_of_data(reversed_keys(spec)), chosen) for spec in reversed(specs)]
        assert emitted(chosen, views) == emitted(chosen, turned)

    law()


def reversed_keys(value: Any, below: str = "") -> Any:
    """The same data with the keys of every mapping turned round; the order of versions means something and stays."""
    if isinstance(value, dict):
        items = list(value.items()) if below == "versions" else list(reversed(value.items()))
        return {key: reversed_keys(item, key) for key, item in items}
    return [reversed_keys(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", ROUTERS)
def test_only_declared_paths_are_written(name: str) -> None:
    chosen = target(name)

    @FEWER
    @given(st.data())
    def law(data: st.DataObject) -> None:
        view = view_of(case_of_data(data.draw(rollouts(chosen.manifest))), chosen)
        for path in emitted(chosen, [view]):
            assert any(fnmatch.fnmatch(path, pattern) for pattern in chosen.manifest.writes), path

    law()


HASHED = """
import json, sys
from pathlib import Path
from graymesh.language.case import load_cases
from graymesh.compile.compiler import Choice, compile_project
from graymesh.language.project import find
compiled = compile_project(find(Path(sys.argv[1])), Choice(), lambda *_: None)
print(json.dumps(dict(compiled.files)))
"""


@pytest.mark.parametrize("story", sorted(path.parent.name for path in ROOT.glob("examples/*/graymesh.yaml")))
def test_the_hash_seed_does_not_show(story: str) -> None:
    outputs = set()
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", HASHED, str(ROOT / "examples" / story)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert json.loads(outputs.pop()), "nothing was compiled"
