"""Runs one case in a forked child under limits, and says what is wrong with how it went."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, Final

from tests.fuzz.cases import BASE, Case, lay_out
from tests.fuzz.coverage import Lines, Tracer, traced

MIB: Final = 1024 * 1024
MOST_CPU_SECONDS: Final = 10
MOST_WALL_SECONDS: Final = 120
"""Far above the CPU time, since machines are busy; it ends what sleeps or waits for ever."""

MOST_RESIDENT: Final = 500 * MIB
_ADDRESS_SPACE: Final = 2048 * MIB
_GOOD_CODES: Final = (0, 1, 2)
_KEPT_OUTPUT: Final = 200_000
_WORD: Final = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\d+|[^ -~]+|/\S*")
_CODE: Final = re.compile(r"\bGM\d{3}\b")
_REFUSED: Final = re.compile(r"not understood: .*")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run went. `fault` is empty when all is well; `lines` are those of graymesh that it met first, if traced."""

    fault: str
    code: int
    cpu_seconds: float
    resident: int
    said: str
    lines: Lines = frozenset()

    @property
    def kind(self) -> str:
        """The fault without what differs from input to input: for a traceback, its type and where it was raised."""
        places = re.findall(r'File "[^"]*/([\w/]+\.py)", line (\d+)', self.said)
        error = re.findall(r"^(\w[\w.]*(?:Error|Exception|Interrupt|Overflow|Exit|Refused))\b", self.said, re.MULTILINE)
        where = f"{error[-1] if error else ''} {places[-1][0]}:{places[-1][1]}" if places else ""
        return f"{self.fault.split(':')[0]} {where}".strip()

    def signature(self, action: str) -> tuple[str, ...]:
        """What was said, without the input's own words: inputs to which something new is said are worth keeping."""
        refused = {_WORD.sub("·", each)[:120] for each in _REFUSED.findall(self.said)}
        return (action, str(self.code), *sorted({*_CODE.findall(self.said), *refused})[:12])


def prepare() -> None:
    """Imports all of graymesh, so that children need not."""
    import graymesh

    for module in walk_packages(graymesh.__path__, "graymesh."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    for name in ("yaml", "yaml.cyaml", "jinja2", "jsonschema", "difflib", "unicodedata", "ipaddress", "html", "json"):
        import_module(name)
    from graymesh.kit.registry import target, target_names
    from graymesh.lint.engine import all_rules

    all_rules()
    for name in target_names():
        import_module(f"{target(name).decode.__module__}")


def run(case: Case, known: Lines | None = None) -> Outcome:
    """Runs the case. With `known`, the lines of graymesh that are met and not among those are told."""
    words, given = case.words()
    outcome = _in_a_folder(case, words, given, known)
    if outcome.fault == "internal error":
        again = _in_a_folder(case, ["--traceback", *words], given, None)
        return replace(outcome, said=again.said if again.fault == outcome.fault else outcome.said)
    return outcome


def _in_a_folder(case: Case, words: list[str], given: bytes, known: Lines | None) -> Outcome:
    folder = Path(tempfile.mkdtemp(prefix="graymesh-fuzz-", dir=_memory()))
    try:
        (folder / "in").write_bytes(given)
        return _run(case, words, folder, known)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _run(case: Case, words: list[str], folder: Path, known: Lines | None) -> Outcome:
    work = folder / "work"
    work.mkdir()
    _put(case, work)
    child = os.fork()
    if child == 0:
        _become(words, folder, work, known)
    _, status, used = os.wait4(child, 0)
    _end_group(child)
    said = _text(folder / "out") + _text(folder / "err")
    code = os.waitstatus_to_exitcode(status)
    cpu, resident = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024
    lines = traced(folder / "lines") if known is not None else frozenset()
    return Outcome(_fault(code, cpu, resident, _text(folder / "err")), code, cpu, resident, said, lines)


def _put(case: Case, work: Path) -> None:
    if not case.action.endswith("-base"):
        lay_out(case.files, work)
        return
    base = {path.removeprefix(f"{BASE}/"): text for path, text in case.files.items() if path.startswith(f"{BASE}/")}
    lay_out(base, work)
    identity = ("-c", "user.name=fuzz", "-c", "user.email=fuzz@localhost", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "-A", "-f"), (*identity, "commit", "-q", "--allow-empty", "-m", "base")):
        subprocess.run(["git", *words], cwd=work, check=True, capture_output=True)
    lay_out({path: text for path, text in case.files.items() if not path.startswith(f"{BASE}/")}, work)


def _become(words: list[str], folder: Path, work: Path, known: Lines | None) -> Any:
    """The child: graymesh with these words, as a process of its own would run it. Does not return."""
    code: Any = 70
    try:
        _limit(folder)
        os.chdir(work)
        for name, number, mode in (("in", 0, os.O_RDONLY), ("out", 1, os.O_WRONLY), ("err", 2, os.O_WRONLY)):
            opened = os.open(folder / name, mode | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(opened, number)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
        from graymesh.cli import main

        with Tracer(folder / "lines", known):
            main(words)
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code if isinstance(code, int) else 71)


def _limit(folder: Path) -> None:
    os.setsid()
    os.environ.update(HOME=str(folder), XDG_CACHE_HOME=str(folder / "cache"), GIT_CONFIG_NOSYSTEM="1")
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * MIB, 256 * MIB))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.alarm(MOST_WALL_SECONDS)


def _end_group(child: int) -> None:
    try:
        os.killpg(child, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _fault(code: int, cpu: float, resident: int, errors: str) -> str:
    if code in (-signal.SIGXCPU, -signal.SIGALRM) or cpu > MOST_CPU_SECONDS:
        return f"hang: {cpu:.1f} s of CPU, exit {code}"
    if resident > MOST_RESIDENT:
        return f"memory: {resident // MIB} MiB"
    if code < 0:
        return f"signal {-code}"
    for words, fault in (("graymesh: internal error", "internal error"), ("Traceback (most recent", "traceback")):
        if words in errors:
            return fault
    return "" if code in _GOOD_CODES else f"exit code {code}"


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(_KEPT_OUTPUT).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
