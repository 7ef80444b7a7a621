"""Commands end, and everything that they have started with them: interrupted, killed, unheard, on a full disk."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import ROOT

SECONDS = 120  # when something is taken to hang; a machine may be slow
RELEASES = 300
INTERRUPTED = (130, "", "\ngraymesh: interrupted\n")  # click ends the line with ^C
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many releases, some of them with a test that fails."""
    folder = tmp_path_factory.mktemp("many") / "shop"
    shutil.copytree(ROOT / "tests" / "cli" / "shop", folder)
    text = (folder / "releases/shop.yaml").read_text()
    text = text.replace("gray-ticket}", "gray-ticket, cohort: default/shop/v2}")  # whose buckets its tests are about
    for number in range(RELEASES):
        own = text.replace("name: shop,", f"name: shop-{number},")
        own = own.replace("{v2: 5%, v1: 95%}", "v1") if number % 20 == 7 else own
        (folder / f"releases/shop-{number}.yaml").write_text(own)
    return folder


class Running:
    """`graymesh` in a session of its own. Its children have its stdout as well, so that ends with the last of them."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        script = "import os, sys\nos.sched_getaffinity = lambda _: {0, 1}\nfrom graymesh.cli import main\nmain()"
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what is ignored here would be there as well
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        signal.signal(signal.SIGINT, before)

    def children(self) -> list[int]:
        """Of this moment."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                name, _, rest = stat.read_text().rpartition(")")
            except OSError:  # gone meanwhile
                continue
            if int(rest.split()[1]) == self.process.pid:
                found.append(int(name.split()[0]))
        return found

    def at_work(self) -> list[int]:
        """Its children, as soon as it has some."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            if found := self.children():
                return found
        raise AssertionError(f"no children; {self.process.communicate(timeout=SECONDS)}")

    def end(self) -> tuple[int, str, str]:
        """Exit code, stdout and stderr, when neither it nor a child of it is left."""
        out, err = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, out, err


@pytest.fixture
def check(project: Path) -> Iterator[Running]:
    running = Running(project, "compile", "--check", ".")
    yield running
    try:
        os.killpg(running.process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    running.process.wait()


def test_it_ends_with_errors(check: Running) -> None:
    code, out, err = check.end()
    assert code == 1
    assert f"\n{RELEASES // 20} errors, " in out
    assert err == "graymesh: nothing was written\n"


def test_an_interrupt(check: Running) -> None:
    check.at_work()
    check.process.send_signal(signal.SIGINT)
    assert check.end() == INTERRUPTED


def test_an_interrupt_of_the_whole_group(check: Running) -> None:
    """As a terminal sends it on Ctrl-C: the children hear it as well."""
    check.at_work()
    os.killpg(check.process.pid, signal.SIGINT)
    assert check.end() == INTERRUPTED


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nobody_outlives_a_parent_that_is_killed(check: Running, number: signal.Signals) -> None:
    check.at_work()
    check.process.send_signal(number)
    assert check.end() == (-number, "", "")


def test_a_child_that_is_killed(check: Running) -> None:
    for child in check.at_work():
        os.kill(child, signal.SIGKILL)
    code, out, err = check.end()
    assert (code, out) == (2, "")
    assert err.startswith("graymesh: a worker process died: SIGKILL") and err.count("\n") == 1


@full
@pytest.mark.parametrize("streams", ["stdout", "stderr", "both"])
def test_a_disk_that_is_full(project: Path, streams: str) -> None:
    with Path("/dev/full").open("w") as device:
        done = subprocess.run(
            [sys.executable, "-m", "graymesh", "compile", "--check", "."],
            cwd=project,
            stdout=device if streams != "stderr" else subprocess.PIPE,
            stderr=device if streams != "stdout" else subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=SECONDS,
        )
    assert done.returncode == (1 if streams == "stderr" else 2)
    assert b"GM213" in (done.stdout or b"GM213")


@full
def test_an_error_that_nobody_can_be_told(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as device:
        done = subprocess.run(
            [sys.executable, "-m", "graymesh", "compile", "nowhere"],
            cwd=tmp_path,
            stderr=device,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=SECONDS,
        )
    assert done.returncode == 2


def test_a_reader_that_goes_away(check: Running) -> None:
    check.at_work()
    assert check.process.stdout is not None and check.process.stderr is not None
    check.process.stdout.close()
    assert check.process.wait(timeout=SECONDS) == 1
    assert check.process.stderr.read() == "graymesh: nothing was written\n"
