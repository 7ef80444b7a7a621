"""`compile --watch`: a line for each run, nothing written on errors, a quiet end."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from graymesh.commands.watching import EVERY_SECONDS, SETTLED_SECONDS, watch

ROOT = Path(__file__).parents[1]
SECONDS = 30.0


class Watching:
    """A running `graymesh compile --watch` in a project."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "graymesh", "compile", "--watch", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        pipe = subprocess.PIPE
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what is ignored here would be there as well
        self.process = subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True, env=environment)
        signal.signal(signal.SIGINT, before)
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def run(self) -> list[str]:
        """The lines up to the next one that ends a run, which begins with the time of day."""
        lines = [self._lines.get(timeout=SECONDS)]
        while lines[-1][2:3] + lines[-1][5:6] != "::":
            lines.append(self._lines.get(timeout=SECONDS))
        return lines

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    return Path(shutil.copytree(ROOT / "tests" / "cli" / "shop", tmp_path / "shop"))


@pytest.fixture
def watching(folder: Path) -> Iterator[Watching]:
    found = Watching(folder)
    yield found
    found.process.kill()
    found.process.wait()


def texts(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in (folder / "rendered").rglob("*") if path.is_file()}


def test_a_run_for_each_change_and_nothing_written_on_errors(watching: Watching) -> None:
    (first,) = watching.run()
    assert first.endswith(" written, 0 removed, 0 unchanged")
    before = texts(watching.folder)

    watching.edit("releases/shop.yaml", "  limits:", "  resilience: {timeout: 2s}\n  limits:")
    (second,) = watching.run()
    assert " 0 removed, " in second and " 0 written" not in second
    after = texts(watching.folder)
    assert after != before

    watching.edit("releases/shop.yaml", "stable: v1", "stable: v9")
    *findings, third = watching.run()
    assert third.endswith("nothing was written")
    assert "GM111" in "\n".join(findings)
    assert texts(watching.folder) == after

    (watching.folder / "graymesh.yaml").write_text("apiVersion: [")
    *findings, fourth = watching.run()
    assert "GM002" in "\n".join(findings) and fourth.endswith("nothing was written")

    shutil.copy(ROOT / "tests/cli/shop/graymesh.yaml", watching.folder)
    watching.run()
    watching.edit("releases/shop.yaml", "stable: v9", "stable: v1")
    (last,) = watching.run()
    assert " 0 written, 0 removed, " in last


def test_an_interrupt_ends_it_quietly(watching: Watching) -> None:
    watching.run()
    watching.process.send_signal(signal.SIGINT)
    assert watching.process.wait(timeout=SECONDS) == 130
    assert watching.process.stderr is not None
    assert watching.process.stderr.read() == ""


@pytest.mark.parametrize("later", [False, True])
def test_it_ends_when_nobody_reads_it_any_more(folder: Path, later: bool) -> None:
    """As in `graymesh compile --watch | head -1`: while it waits, or while it is at work."""
    command = [sys.executable, "-m", "graymesh", "compile", "--watch"]
    read, write = os.pipe()
    process = subprocess.Popen(command, cwd=folder, stdout=write, env={**os.environ, "PYTHONPATH": str(ROOT)})
    os.close(write)
    if later:
        assert os.read(read, 1000).endswith(b" unchanged\n")
    os.close(read)
    try:
        assert process.wait(timeout=SECONDS) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("option", ["--check", "--diff", "--stdout"])
def test_it_goes_with_nothing_that_writes_nothing(folder: Path, option: str) -> None:
    found = Watching(folder, option)
    assert found.process.wait(timeout=SECONDS) == 2


def test_a_path_that_is_not_there(folder: Path) -> None:
    found = Watching(folder, "nowhere")
    assert found.process.wait(timeout=SECONDS) == 2


class TestWhatCounts:
    def runs(self, folder: Path, *changes: str) -> int:
        """How often the work is done when so many things happen, one in each pause."""
        count, left = 0, list(changes)

        def once() -> None:
            nonlocal count
            count += 1

        def sleep(seconds: float) -> None:
            if seconds == SETTLED_SECONDS:
                return
            if not left:
                raise KeyboardInterrupt
            path = folder / left.pop(0)
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                path.unlink()
            else:
                path.write_text("x")

        with pytest.raises(KeyboardInterrupt):
            watch(folder / "releases", once, sleep)
        return count

    @pytest.mark.parametrize(
        ("changes", "runs"),
        [
            ((), 1),
            (("releases/new.yaml",), 2),
            (("releases/cart.yaml", "releases/cart.yaml"), 3),
            (("deep/er/new.yml",), 2),
            (("graymesh.yaml",), 2),
            (("notes.txt", ".git/x.yaml", "node_modules/x.yaml"), 1),
            (("rendered/.graymesh.json", "rendered/istio/x.yaml", "rendered/istio/x.yaml"), 1),
            (("rendered/.graymesh/x.sums", "rendered/istio/x.yaml", "rendered/istio/x.yaml"), 1),
        ],
    )
    def test_yaml_files_of_the_project(self, folder: Path, changes: tuple[str, ...], runs: int) -> None:
        assert self.runs(folder, *changes) == runs

    def test_a_change_while_it_works(self, folder: Path) -> None:
        runs = 0

        def once() -> None:
            nonlocal runs
            runs += 1
            if runs == 1:
                (folder / "releases/new.yaml").write_text("x")

        def stop(seconds: float) -> None:
            if seconds == EVERY_SECONDS:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            watch(folder, once, stop)
        assert runs == 2

    def test_half_of_a_change_is_waited_out(self, folder: Path) -> None:
        """An editor empties a file and then fills it; the work begins when it has."""
        found: list[str] = []
        steps = iter(["", "half", "whole"])
        file = folder / "releases/cart.yaml"

        def sleep(seconds: float) -> None:
            step = next(steps, None)
            if step is not None:
                file.write_text(step)
            elif seconds == EVERY_SECONDS:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            watch(folder, lambda: found.append(file.read_text()[:5]), sleep)
        assert found[1:] == ["whole"]
