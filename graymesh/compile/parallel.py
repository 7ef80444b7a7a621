"""Independent work on several cores, when there is enough of it; results come back in the order of the work.

A run must end whatever happens to its processes, and none of them may be left over. So they share nothing: no queue, no
lock, no thread here. Each has a connection of its own, whose end tells either side that the other one is gone, and
whoever is not wanted any more is killed and not asked.
"""

from __future__ import annotations

import errno
import os
import pickle
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, cast

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

WORTH_IT = 64
"""From so many releases on, starting processes costs less than it saves."""

Task: TypeAlias = Callable[[], Any]


def in_parallel(
    tasks: Sequence[Task], size: int, progress: Callable[[str, int, int], None]
) -> Generator[Any, None, None]:
    """What each task returns, in order. `size` is how much work there is.

    Little work is done right here, each task when its result is asked for. A caller who has seen enough closes the
    iterator. A task's exception comes in place of its result; ChildProcessError when the process that was at it died.
    """
    spread = size >= WORTH_IT and _useful(tasks) > 1
    with closing(_forked(tasks) if spread else _here(tasks)) as results:
        for done, result in enumerate(results):
            progress("compiling", done + 1, len(tasks))
            yield result


def _here(tasks: Sequence[Task]) -> Generator[Any, None, None]:
    yield from (task() for task in tasks)


def _forked(tasks: Sequence[Task]) -> Generator[Any, None, None]:
    """Children inherit the tasks with the memory they are forked from, so only numbers and results travel."""
    from multiprocessing.connection import wait

    done: dict[int, tuple[Any, BaseException | None]] = {}
    left = iter(range(len(tasks)))
    with _crew(tasks) as crew:
        if not crew:
            yield from _here(tasks)
            return
        busy = {worker.connection: worker for worker in crew if worker.take(left)}
        for number in range(len(tasks)):
            while number not in done:
                for connection in cast("list[Connection[Any, Any]]", wait(busy)):
                    worker = busy.pop(connection)
                    finished, answer = worker.task, worker.answer()
                    if worker.take(left):  # before its answer is unpacked, so that it does not wait for that
                        busy[worker.connection] = worker
                    done[finished] = pickle.loads(answer)  # noqa: S301  written by a copy of this process
            result, error = done.pop(number)
            if error is not None:
                raise error
            yield result


@dataclass(slots=True)
class _Worker:
    """A child: its process (0 once it has ended), the way to it, and the task that it is at."""

    process: int
    connection: Connection[Any, Any]
    task: int = -1

    def take(self, left: Iterator[int]) -> bool:
        """Begin the next task, if there is one and anybody is here to do it."""
        number = next(left, None) if self.process else None
        if number is None:
            return False
        self.task = number
        with suppress(OSError):  # it has died meanwhile, and whoever waits for its answer will notice
            self.connection.send(number)
        return True

    def answer(self) -> bytes:
        """The outcome of its task, packed; that it died is one, too."""
        try:
            return self.connection.recv_bytes()
        except (EOFError, OSError):  # OSError: in the middle of an answer
            how = _how(self.end())
            return pickle.dumps((None, ChildProcessError(errno.ECHILD, f"a worker process died: {how}")))

    def end(self) -> int | None:
        """Gone, whatever it is doing, for it has nothing to put in order; what it ended with, if the system knows."""
        self.connection.close()
        process, self.process = self.process, 0
        try:
            os.kill(process, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        except (ProcessLookupError, ChildProcessError):  # SIGCHLD is ignored: whoever started us wanted it so
            return None


def _how(code: int | None) -> str:
    """What the end of a process was, in words."""
    if code == -signal.SIGKILL:
        return "SIGKILL, perhaps because memory is short; on one core it needs less (taskset -c 0 graymesh …)"
    if code is None or code >= 0:
        return f"exit code {'unknown' if code is None else code}"
    return signal.strsignal(-code) or f"signal {-code}"


@contextmanager
def _crew(tasks: Sequence[Task]) -> Iterator[Sequence[_Worker]]:
    """As many workers as are of use and can be had; none is left afterwards, in whatever way it ends."""
    crew: list[_Worker] = []
    life, held = os.pipe()  # never written to: it ends for the children when this process does, even by SIGKILL
    try:
        with _uninterrupted(), suppress(OSError):  # no more processes or descriptors are to be had: fewer will do
            while len(crew) < _useful(tasks):
                crew.append(_start(tasks, crew, life, held))
        yield crew
    finally:
        with _uninterrupted():
            os.close(life)
            os.close(held)
            for worker in crew:
                if worker.process:
                    worker.end()


def _useful(tasks: Sequence[Task]) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, len(tasks)) if hasattr(os, "fork") else 1


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C comes afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(tasks: Sequence[Task], crew: Sequence[_Worker], life: int, held: int) -> _Worker:
    """A further worker. Raises OSError when there are too many processes or open files already."""
    from multiprocessing.connection import Pipe

    near, far = Pipe()
    with far:
        try:
            process = os.fork()
        except OSError:
            near.close()
            raise
        if not process:
            _work(tasks, far, life, [held, near.fileno(), *(worker.connection.fileno() for worker in crew)])
    return _Worker(process, near)


# In a child. Ctrl-C stays blocked there: the parent hears it as well, and says what is to be said.


def _work(tasks: Sequence[Task], connection: Connection[Any, Any], life: int, of_parent: Sequence[int]) -> NoReturn:
    """Does what it is told until it is killed, or the parent is gone. Nothing of the parent's is flushed or closed."""
    from threading import Thread

    try:
        for descriptor in of_parent:  # a copy of an end here would hide from the others that the parent is gone
            os.close(descriptor)
        Thread(target=_end_with_parent, args=(life,), daemon=True).start()
        while True:
            connection.send_bytes(_outcome(tasks[connection.recv()]))
    finally:
        os._exit(1)


def _end_with_parent(life: int) -> NoReturn:
    os.read(life, 1)
    os._exit(1)


def _outcome(task: Task) -> bytes:
    try:
        return pickle.dumps((task(), None), pickle.HIGHEST_PROTOCOL)
    except BaseException as error:
        return _packed(error)


def _packed(error: BaseException) -> bytes:
    """The exception with a note of where it was raised; in words alone when it cannot travel."""
    from traceback import format_exception

    error.add_note("".join(format_exception(error)))
    try:
        packed = pickle.dumps((None, error))
        pickle.loads(packed)  # noqa: S301  not every exception can be made again from what it holds
    except Exception:
        return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
    return packed
