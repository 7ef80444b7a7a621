"""Work spread over processes: in order, and no longer than anybody wants it."""

import os
import time
from collections.abc import Iterator
from functools import partial

import pytest

from graymesh.parallel import WORTH_IT, in_parallel


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1}, raising=False)


def quiet(*_: object) -> None:
    pass


def fails() -> None:
    raise ValueError("as told")


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


def test_progress_is_told() -> None:
    told: list[tuple[str, int, int]] = []
    list(in_parallel([partial(str, 1), partial(str, 2)], 1, lambda *what: told.append(what)))
    assert told == [("compiling", 1, 2), ("compiling", 2, 2)]
