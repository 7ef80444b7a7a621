"""What fuzzing found, kept: every case of the corpus again, and a brief campaign that is the same each time.

All of it runs in processes of its own: the harness forks, which a test process with threads should not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.campaign import Report
from tests.fuzz.cases import ACTIONS, kept

ROOT = Path(__file__).parents[1]
INPUTS = 150
NAMES = [name for name, _ in kept()]


def fuzz(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=1200)


@pytest.fixture(scope="module")
def replayed() -> dict[str, dict[str, Any]]:
    done = fuzz("--replay", "--json")
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", NAMES)
def test_a_case_of_the_corpus(name: str, replayed: dict[str, dict[str, Any]]) -> None:
    outcome = replayed[name]
    assert not outcome["fault"], outcome["said"]
    assert outcome["said"], "whatever goes wrong is said"


def test_every_case_is_of_a_known_action() -> None:
    folders = {path.name for path in (ROOT / "tests" / "fuzz" / "corpus").iterdir()}
    assert folders <= ACTIONS.keys()


def test_a_brief_campaign(tmp_path: Path) -> None:
    done = fuzz(
        "--inputs", str(INPUTS), "--seconds", "1000", "--seed", "brief", "--traced", "0", "--found", str(tmp_path)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{INPUTS} inputs")


def test_faults_are_found(tmp_path: Path) -> None:
    """The harness itself: a traceback, a hang, a flood of memory and a strange exit code are told apart and kept."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.selftest", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_jobs_hand_over_what_they_saw() -> None:
    """As `--jobs 2` does it, by way of JSON."""
    report = Report(
        2.0, Counter(lint=3, krm=1), Counter({"1": 4}), Counter({"lint: hang": 1}), 7, (9, "krm"), (0.5, "lint")
    )
    assert Report.of(json.loads(json.dumps(report.data()))) == report
