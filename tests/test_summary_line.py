"""The last line of a run of the tests: what it amounts to, the same with workers and without."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

import pytest

from tests.conftest import line_of
from tests.helpers import ROOT


def test_what_did_not_happen_is_not_told() -> None:
    assert line_of(Counter({"snapshots": 1200, "cases": 0, "mutations:a": 3, "mutations:b": 4})) == (
        "1,200 snapshots, 7 mutations killed"
    )
    assert line_of(Counter()) == ""


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "workers"])
def test_the_last_line_of_a_run(workers: list[str]) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *workers]
    files = ["tests/test_buckets.py", "tests/test_mutations.py::test_named_changes_are_found_with_a_witness[sentinel]"]
    done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"graymesh: [1-9]\d* properties \([1-9][\d,]* examples\), [1-9]\d* mutations killed", last), (
        last
    )
