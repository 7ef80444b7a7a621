"""`python -m tests.fuzz.selftest FOLDER`: puts faults into this process's graymesh and sees that they are found."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from graymesh.lint.session import Linting
from tests.fuzz import running
from tests.fuzz.campaign import Campaign
from tests.fuzz.cases import Case, kept
from tests.fuzz.minimise import minimised

_CASE: Final = Case("lint", {"a.yaml": b"a: 1\nBOOM: 2\nb: 3\n"})
_ORIGINAL: Final = Linting.look
_PLAIN: Final = Case("lint", {"a.yaml": b"a: 1\nb: 3\n"})


def _raises() -> Any:
    raise ZeroDivisionError("a fault")


def _hangs() -> Any:
    while True:
        pass


def _sleeps() -> Any:
    time.sleep(1000)


def _grows() -> Any:
    return b"x" * (600 * running.MIB)


def _dies() -> Any:
    os.abort()


def _exits() -> Any:
    os._exit(7)


FAULTS: Final[dict[str, Callable[[], Any]]] = {
    "internal error": _raises,
    "hang": _hangs,
    "memory": _grows,
    "signal": _dies,
    "exit code": _exits,
}


def main(folder: Path) -> int:
    """Each fault in turn; 1 when one is not found, or a good run is called bad."""
    running.prepare()
    running.MOST_CPU_SECONDS, running.MOST_WALL_SECONDS = 2, 60
    bad = []
    for fault, act in {**FAULTS, "hang ": _sleeps}.items():
        running.MOST_WALL_SECONDS = 5 if act is _sleeps else 60
        _break(act)
        if not running.run(_CASE).fault.startswith(fault.strip()):
            bad.append(f"not found: {fault}")
        if running.run(_PLAIN).fault:
            bad.append(f"a good run is called {fault}")
    _break(_raises)
    return _report([*bad, *_small(), *_saved(folder)])


def _small() -> list[str]:
    found = minimised(_CASE, lambda less: bool(running.run(less).fault), 60.0)
    return [] if b"".join(found.files.values()) == b"BOOM" else [f"not made small: {found}"]


def _saved(folder: Path) -> list[str]:
    """A campaign whose every input fails keeps the first of a kind, where it can be read again."""
    Linting.at = lambda *_: _raises()
    report = Campaign("self", folder, 0.0, ("lint",)).go_on(600.0, 2)
    cases = list(kept(folder / "small"))
    return [] if report.faults and cases and cases[0][1].action == "lint" else ["not saved"]


def _break(act: Callable[[], Any]) -> None:
    """From now on graymesh does this when it meets a certain word."""

    def look(self: Any, path: str) -> Any:
        return act() if b"BOOM" in Path(path).read_bytes() else _ORIGINAL(self, path)

    Linting.look = look


def _report(bad: list[str]) -> int:
    print("\n".join(bad) or "all faults were found")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
