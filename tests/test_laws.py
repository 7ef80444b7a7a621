"""The laws that every target obeys, on generated releases. A new target is held to them without an edit here."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from graymesh.ir.features import FEATURES
from graymesh.kit.registry import target, target_names
from tests import laws
from tests.helpers import ROOT
from tests.probes import probe, routers


@pytest.mark.parametrize("name", target_names())
@pytest.mark.parametrize("law", laws.OF_ALL)
def test_every_target_obeys(law: str, name: str) -> None:
    laws.OF_ALL[law](target(name))


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_has_a_probe(feature: str) -> None:
    """One that is new needs one, or nobody would hold what targets declare of it against what they write."""
    without, with_it = probe(feature, target(routers()[0]))
    assert without != with_it


HASHED = """
import json, sys
from pathlib import Path
from graymesh.language.case import load_cases
from graymesh.compile.compiler import Selection, compile_project
from graymesh.language.project import find
compiled = compile_project(find(Path(sys.argv[1])), Selection(), lambda *_: None)
print(json.dumps(dict(compiled.files)))
"""


@pytest.mark.parametrize("story", sorted(path.parent.name for path in ROOT.glob("examples/*/graymesh.yaml")))
def test_the_hash_seed_does_not_show(story: str) -> None:
    """In all that is compiled together."""
    outputs = set()
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", HASHED, str(ROOT / "examples" / story)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert json.loads(outputs.pop()), "nothing was compiled"
