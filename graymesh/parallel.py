"""Independent work on several cores, when there is enough of it; results come back in the order of the work."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

WORTH_IT = 64
"""From so many releases on, starting processes costs less than it saves."""

_tasks: Sequence[Callable[[], Any]] = ()  # of a worker process only: inherited, never sent


def in_parallel(
    tasks: Sequence[Callable[[], Any]], size: int, progress: Callable[[str, int, int], None]
) -> Iterator[Any]:
    """What each task returns, in order. `size` is how much work there is.

    Little work is done right here, each task when its result is asked for, so that a caller who has seen enough can
    stop. A task's exception comes in place of its result.
    """
    results = _forked(tasks) if size >= WORTH_IT and _workers(tasks) > 1 else (task() for task in tasks)
    for done, result in enumerate(results):
        progress("compiling", done + 1, len(tasks))
        yield result


def _workers(tasks: Sequence[Any]) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, len(tasks)) if hasattr(os, "fork") else 1


def _forked(tasks: Sequence[Callable[[], Any]]) -> Iterator[Any]:
    """Children inherit the tasks with the memory they are forked from, so only results travel."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children, get_context

    pool = ProcessPoolExecutor(_workers(tasks), get_context("fork"), initializer=_inherit, initargs=(tasks,))
    try:
        yield from pool.map(_run, range(len(tasks)))
    except BaseException:  # also when the caller has seen enough: nobody waits for what nobody wants
        for child in active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _inherit(tasks: Sequence[Callable[[], Any]]) -> None:
    """A child's first act. An interrupt ends it at once and without a word; the parent says what is to be said."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    global _tasks
    _tasks = tasks


def _run(index: int) -> Any:
    return _tasks[index]()
