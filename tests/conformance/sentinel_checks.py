"""Do the real managers hold the rules that graymesh wrote, and do the rules act as they read?"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from tests.conformance.sentinel import Calls, Sentinel, folders, kind_of

_ABOVE: Final = 50
"""So many calls more than a limit lets through."""

_SLOWER_MILLISECONDS: Final = 100
_CPU_READINGS_SECONDS: Final = 2.5
_LONGEST_MILLISECONDS: Final = 5000

Rule = Mapping[str, Any]


def problems(engine: Sentinel, files: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the files of the sentinel target, in words; nothing when every rule is held and acts."""
    for own in folders(files).values():
        held = engine.load(own)
        for path, text in own.items():
            written = json.loads(text)
            missing = list(_not_held(written, held[kind_of(path)]))
            yield from (f"{path}: {what}" for what in missing)
            engine.load({path: text})  # alone: a guard of the process would answer for a limit
            for rule in () if missing else written:
                yield from (f"{path}: {what}" for what in _not_acting(engine, kind_of(path), rule))


def system_problems(engine: Sentinel) -> Iterator[str]:
    """Does the CPU guard act? Told by limits that any load is above, and none, since the machine's load is not ours."""
    for limit, passed in ((0.0, 0), (1.0, 10)):
        engine.load({"any/v1/system-rules.json": json.dumps([{"highestCpuUsage": limit}])})
        time.sleep(_CPU_READINGS_SECONDS)
        calls = engine.calls("any", 10)
        if calls.passed != passed:
            yield f"highestCpuUsage {limit}: {calls.passed} of 10 calls passed, not {passed}"


def _not_held(written: Sequence[Rule], held: Sequence[Rule]) -> Iterator[str]:
    if len(held) != len(written):
        yield f"{len(written)} rules written, {len(held)} held"
    for rule in written:
        if not any(_says(each, rule) for each in held):
            yield f"{rule} is not among {held}"


def _says(held: Any, written: Any) -> bool:
    """Does the held value say what was written? Fields that were not written have their defaults."""
    if isinstance(written, Mapping):
        return isinstance(held, Mapping) and all(name in held and _says(held[name], written[name]) for name in written)
    if isinstance(written, list):
        return len(held) == len(written) and all(any(_says(each, one) for each in held) for one in written)
    return bool(held == written)


def _not_acting(engine: Sentinel, kind: str, rule: Rule) -> Iterator[str]:
    match kind:
        case "flow" | "gateway-flow":
            limit = int(rule["count"])
            calls = engine.burst(rule["resource"], limit + _ABOVE, gateway=kind == "gateway-flow")
            if calls.passed != limit:
                yield f"{calls.passed} of {limit + _ABOVE} calls passed in a second, not {limit}"
        case "degrade":
            yield from _not_breaking(engine, rule)


def _not_breaking(engine: Sentinel, rule: Rule) -> Iterator[str]:
    """As many bad calls as the rule allows leave the circuit closed; more open it."""
    ratio, total = Decimal(str(rule["slowRatioThreshold" if rule["grade"] == 0 else "count"])), rule["minRequestAmount"]
    if ratio >= 1 or (rule["grade"] == 0 and rule["count"] > _LONGEST_MILLISECONDS):
        return
    allowed = int(ratio * total)
    engine.load({"any/v1/degrade-rules.json": json.dumps([rule])})
    engine.calls(rule["resource"], total - allowed)
    _bad(engine, rule, allowed)
    if engine.calls(rule["resource"], 1).blocked:
        yield f"{allowed} bad calls of {total} opened the circuit: {rule}"
    more = int((ratio * (total + 1) - allowed) / (1 - ratio)) + 1
    _bad(engine, rule, more)
    if set(engine.calls(rule["resource"], 1).blocked) != {"DegradeException"}:
        yield f"{allowed + more} bad calls of {total + 1 + more} left the circuit closed: {rule}"


def _bad(engine: Sentinel, rule: Rule, count: int) -> Calls | None:
    if not count:
        return None
    slow = rule["grade"] == 0
    return engine.calls(
        rule["resource"], count, int(rule["count"]) + _SLOWER_MILLISECONDS if slow else 0, fail=not slow
    )
