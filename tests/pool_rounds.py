"""Many short lives of the pool, each ended some other way; run by tests/test_parallel.py in a process of its own.

Everything is drawn from a seed. A round that does not end is shown with its stack and fails, instead of hanging.
"""

from __future__ import annotations

import faulthandler
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial

from graymesh.compile.parallel import WORTH_IT, in_parallel

SECONDS = 60
LARGE = 600_000  # bytes; many times what a pipe holds, so that a child is in the middle of sending for a while


def large(size: int) -> bytes:
    return bytes(size)


def fails(size: int) -> bytes:
    raise ValueError("x" * size)


def dies_while_sending(size: int, seconds: float) -> bytes:
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
    return bytes(LARGE + size)


def dies_at_once(size: int) -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    return bytes(size)


def task(chance: random.Random, deadly: bool) -> Callable[[], bytes]:
    size = chance.choice([0, 100, chance.randrange(LARGE), LARGE])
    draw = chance.random()
    if deadly and draw < 0.15:
        return partial(dies_while_sending, size, chance.random() * 0.004)
    if deadly and draw < 0.2:
        return partial(dies_at_once, size)
    return partial(fails if draw > 0.85 else large, size)


def round_(chance: random.Random) -> str:
    """One life of the pool: read some results, with pauses in which children are stuck while they send, then stop."""
    tasks = [task(chance, deadly=chance.random() < 0.5) for _ in range(chance.randrange(2, 9))]
    wanted = chance.randrange(len(tasks) + 1)
    with closing(in_parallel(tasks, WORTH_IT, lambda *_: None)) as results:  # type: ignore[type-var]
        try:
            for _ in range(wanted):
                assert len(next(results)) >= 0
                time.sleep(chance.random() * 0.004)
        except ValueError:
            return "failed"
        except OSError as error:
            assert "SIGKILL" in str(error), error
            return "killed"
        return "stopped" if wanted < len(tasks) else "done"


def main(rounds: int, seed: int) -> None:
    os.sched_getaffinity = lambda _: {0, 1, 2}  # as if there were three cores
    chance = random.Random(seed)
    ends: dict[str, int] = {}
    for number in range(rounds):
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        end = round_(chance)
        ends[end] = ends.get(end, 0) + 1
        try:
            left = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            continue
        sys.exit(f"round {number} ({end}) left a child behind: {left}")
    faulthandler.cancel_dump_traceback_later()
    print(*(f"{end}={count}" for end, count in sorted(ends.items())))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
