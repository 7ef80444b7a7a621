"""`python -m tests.fuzz.scaling [NAME…]`: CPU time of each growing input at several sizes; `!` where it is too much."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from typing import Final

from tests.fuzz.growing import ALL
from tests.fuzz.running import prepare, run

SIZES: Final = (500, 1000, 2000, 4000, 8000)
_STOP_SECONDS: Final = 4.0
_WORST_GROWTH: Final = 2.8
_NOISE_SECONDS: Final = 0.15


def main(names: list[str]) -> int:
    """Shows all, or those whose names hold one of the words; 1 when one grows too fast or goes wrong."""
    prepare()
    bad = 0
    for name, make in ALL.items():
        if names and not any(word in name for word in names):
            continue
        seconds: list[float] = []
        faults = ""
        for size in SIZES:
            outcome = run(make(size))
            faults = faults or outcome.fault
            seconds.append(outcome.cpu_seconds)
            if outcome.fault or outcome.cpu_seconds > _STOP_SECONDS:
                break
        grown = [after / before for before, after in pairwise(seconds) if before > _NOISE_SECONDS]
        worst = bool(faults) or max(grown, default=0) > _WORST_GROWTH or len(seconds) < len(SIZES)
        bad |= worst
        print(f"{'!' if worst else ' '} {name:45} {' '.join(f'{each:6.2f}' for each in seconds)}  {faults}", flush=True)
    return bad


def once(sizes: dict[str, int]) -> dict[str, dict[str, object]]:
    """What came of each named input in its size: what went wrong, and whether anything was said of it."""
    prepare()
    outcomes = {name: run(ALL[name](size)) for name, size in sizes.items()}
    return {name: {"fault": each.fault, "told": bool(each.said)} for name, each in outcomes.items()}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--once"]:
        print(json.dumps(once(json.loads(sys.argv[2]))))
    else:
        sys.exit(main(sys.argv[1:]))
