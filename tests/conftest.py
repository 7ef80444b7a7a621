"""What a run of the tests amounts to, told in its last line; alike with and without pytest-xdist.

Every test notes what it did in its own report, which travels from workers to the process that sums up.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

CASES = Path(__file__).parent / "cases"
CASE_NAMES = frozenset(path.name for path in CASES.iterdir() if path.is_dir()) if CASES.is_dir() else frozenset()
SNAPSHOTS, CASE, EXAMPLES, MUTATIONS = "snapshots", "case", "examples", "mutations:"
"""Names of the notes; `mutations:<target>` is given by the tests themselves."""


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Innermost of all wrappers, since hypothesis tells its numbers to whoever asked last."""
    notes: list[tuple[str, object]] = [(CASE, name) for name in _cases(item)]
    asserted = _snapshots(item)
    with _told_by_hypothesis(notes):
        result = yield
    snapshots = _snapshots(item) - asserted
    item.user_properties += notes + ([(SNAPSHOTS, snapshots)] if snapshots else [])
    return result


def _cases(item: pytest.Item) -> Iterator[str]:
    """The folders of tests/cases, or of replay in it, that the test is about: names or paths among its parameters."""
    for value in getattr(getattr(item, "callspec", None), "params", {}).values():
        name = value.name if isinstance(value, Path) and value.parent == CASES else value
        if isinstance(name, str) and name in CASE_NAMES:
            yield name


def _snapshots(item: pytest.Item) -> int:
    """How many snapshots syrupy has compared so far."""
    session = getattr(item.config, "_syrupy", None)
    return sum(each.num_executions for each in getattr(session, "_assertions", ()))


def _told_by_hypothesis(notes: list[tuple[str, object]]) -> Any:
    """Notes for every property that runs inside how many examples it met."""
    if "hypothesis" not in sys.modules:
        return nullcontext()
    from hypothesis.statistics import collector

    before = collector.value

    def told(statistics: Any) -> None:
        phases = [phase for name, phase in statistics.items() if name.endswith("-phase")]
        notes.append((EXAMPLES, sum(case["status"] == "valid" for phase in phases for case in phase["test-cases"])))
        if before is not None:
            before(statistics)

    return collector.with_value(told)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many changed artifacts were found out, by target."""
    found = {name: count for name, count in _noted(terminalreporter).items() if name.startswith(MUTATIONS)}
    if found:
        terminalreporter.section("mutations that verify found", sep="-")
        for name, count in sorted(found.items()):
            terminalreporter.write_line(f"{name.removeprefix(MUTATIONS):24}{count:>8,}")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, Any, Any]:
    """After everything else has been said, the one line."""
    result = yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    line = line_of(_noted(reporter)) if reporter is not None and not hasattr(session.config, "workerinput") else ""
    if line:
        reporter.write_line(f"graymesh: {line}")
        sys.stdout.flush()
    return result


def _noted(reporter: Any) -> Counter[str]:
    """The sums over all tests that passed; a case that several tests are about counts once."""
    sums: Counter[str] = Counter()
    cases: set[str] = set()
    for report in reporter.stats.get("passed", ()):
        for name, value in report.user_properties if report.when == "call" else ():
            if name == CASE:
                cases.add(value)
            elif name in (SNAPSHOTS, EXAMPLES) or name.startswith(MUTATIONS):
                sums[name] += value
                sums["properties"] += name == EXAMPLES
    sums["cases"] = len(cases)
    return sums


def line_of(sums: Counter[str]) -> str:
    """The sums in words, without what did not happen."""
    mutations = sum(count for name, count in sums.items() if name.startswith(MUTATIONS))
    parts = [
        (sums[SNAPSHOTS], f"{sums[SNAPSHOTS]:,} snapshots"),
        (sums["cases"], f"{sums['cases']:,} cases"),
        (sums["properties"], f"{sums['properties']:,} properties ({sums[EXAMPLES]:,} examples)"),
        (mutations, f"{mutations:,} mutations killed"),
    ]
    return ", ".join(words for count, words in parts if count)
