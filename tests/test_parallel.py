"""Work spread over processes: in order, and no longer than anybody wants it."""

import errno
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from graymesh.compile.parallel import WORTH_IT, in_parallel
from graymesh.diagnostic import Diagnostic, Refused
from tests.helpers import ROOT


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1}, raising=False)


def quiet(*_: object) -> None:
    pass


def fails() -> None:
    raise ValueError("as told")


def refuses() -> None:
    raise Refused((Diagnostic(code="GM020", message="none"),), usage=True)


class OwnWords(Exception):
    """Cannot be made again from what it holds."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def says_it_in_its_own_words() -> None:
    raise OwnWords("in", "words")


def unpackable() -> Callable[[], None]:
    return lambda: None


def children() -> bool:
    """Has this process any, be they dead or alive?"""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def results(*tasks: object, size: int = WORTH_IT) -> Iterator[object]:
    return in_parallel(tasks, size, quiet)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [1, WORTH_IT])
def test_results_come_in_the_order_of_the_tasks(size: int) -> None:
    assert list(results(*(partial(str, number) for number in range(9)), size=size)) == list("012345678")


def test_little_work_is_done_here_and_much_elsewhere() -> None:
    assert set(results(os.getpid, os.getpid, size=WORTH_IT - 1)) == {os.getpid()}
    assert os.getpid() not in set(results(os.getpid, os.getpid))


@pytest.mark.parametrize("size", [1, WORTH_IT])
def test_a_task_s_exception_comes_in_its_place(size: int) -> None:
    found = results(partial(str, 1), fails, size=size)
    assert next(found) == "1"
    with pytest.raises(ValueError, match="as told"):
        next(found)


def test_little_work_is_done_only_when_it_is_asked_for() -> None:
    found = results(partial(str, 1), fails, size=1)
    assert next(found) == "1"


def test_nobody_waits_for_what_nobody_wants() -> None:
    start = time.monotonic()
    found = results(partial(str, 1), partial(time.sleep, 60), partial(time.sleep, 60))
    assert next(found) == "1"
    found.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < 10
    assert not children()


@pytest.mark.parametrize("size", [1, WORTH_IT])
def test_an_exception_is_what_it_was(size: int) -> None:
    with pytest.raises(Refused) as found:
        list(results(refuses, refuses, size=size))
    assert found.value.usage
    assert found.value.diagnostics[0].code == "GM020"


def test_where_an_exception_was_raised_is_known() -> None:
    with pytest.raises(ValueError, match="as told") as found:
        list(results(fails, fails))
    assert "in fails" in found.value.__notes__[0]


def test_what_cannot_travel_is_told_in_words() -> None:
    with pytest.raises(RuntimeError, match="OwnWords: in words"):
        list(results(says_it_in_its_own_words, fails))
    with pytest.raises(Exception, match="pickle"):
        list(results(unpackable, fails))
    assert not children()


def test_a_large_result_is_sent_while_nobody_reads() -> None:
    found = results(partial(str, 1), *[partial(bytes, 3_000_000)] * 3)
    assert next(found) == "1"
    time.sleep(0.05)
    assert [len(each) for each in found] == [3_000_000] * 3  # type: ignore[arg-type]
    assert not children()


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (partial(os._exit, 3), "exit code 3"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "SIGKILL, perhaps because memory is short"),
        (lambda: os.kill(os.getpid(), signal.SIGTERM), "Terminated"),
    ],
)
def test_a_process_that_dies_is_an_error_in_the_place_of_its_result(end: Callable[[], None], words: str) -> None:
    found = results(partial(str, 1), end, partial(str, 3))
    assert next(found) == "1"
    with pytest.raises(ChildProcessError, match=re.escape(words)):
        next(found)
    assert not children()


def test_an_interrupt_is_for_the_parent_alone() -> None:
    """Ctrl-C reaches all processes of a terminal; who hears of it first must not decide what is said."""
    script = "import os, signal; os.setpgid(0, 0); signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    script += "from tests.test_parallel import *\nos.sched_getaffinity = lambda _: {0, 1}"
    script += "\ntry: list(results(partial(os.kill, 0, 2), *[partial(time.sleep, 60)] * 2))"
    script += "\nexcept KeyboardInterrupt: print('interrupted', children())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=100)
    assert (done.stdout, done.stderr) == ("interrupted False\n", "")


@pytest.mark.parametrize("possible", [0, 1])
def test_with_fewer_processes_than_are_of_use(possible: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fork, forked = os.fork, 0

    def limited() -> int:
        nonlocal forked
        forked += 1
        if forked > possible:
            raise BlockingIOError(errno.EAGAIN, "too many processes")
        return fork()

    monkeypatch.setattr(os, "fork", limited)
    assert list(results(*(partial(str, number) for number in range(9)))) == list("012345678")
    assert forked == possible + 1
    assert not children()


def test_where_dead_children_are_of_no_interest() -> None:
    """Whoever ignores SIGCHLD hands that down, and then there is nothing to wait for."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert list(results(os.getpgrp, os.getpgrp)) == [os.getpgrp()] * 2
        with pytest.raises(ChildProcessError, match="exit code unknown"):
            list(results(partial(os._exit, 3), os.getpgrp))
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_no_descriptor_is_left_open() -> None:
    def count() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    before = count()
    list(results(os.getpid, os.getpid))
    next(results(os.getpid, partial(time.sleep, 60)))
    assert count() == before


@pytest.mark.parametrize("seed", [1, 2])
def test_it_ends_however_it_is_ended(seed: int) -> None:
    """200 lives: children are stopped or die in the middle of sending; what hangs is shown with its stack."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.pool_rounds", "200", str(seed)],
        cwd=ROOT,
        capture_output=True,  # read to the end, which comes when no child holds it any more
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ends = dict(re.findall(r"(\w+)=(\d+)", done.stdout))
    assert ends.keys() == {"done", "failed", "killed", "stopped"}
    assert sum(map(int, ends.values())) == 200


def test_progress_is_told() -> None:
    told: list[tuple[str, int, int]] = []
    list(in_parallel([partial(str, 1), partial(str, 2)], 1, lambda *what: told.append(what)))
    assert told == [("compiling", 1, 2), ("compiling", 2, 2)]
