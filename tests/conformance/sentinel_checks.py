"""Do the real managers hold the rules that graymesh wrote, and do the rules act as they read?"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Final

from tests.conformance.engine import EngineRefused
from tests.conformance.sentinel import Calls, Held, Sentinel, folders, kind_of

ABOVE: Final = 50
"""So many calls more than a limit lets through."""

_TRIES: Final = 4
_LARGEST_BURST: Final = 20_000
_LARGEST_CIRCUIT: Final = 400
_QUICK_MILLISECONDS: Final = 300  # a call that does nothing may take as long where others keep the machine busy
_LONGEST_MILLISECONDS: Final = 2000
_SHORTEST_WINDOW_MILLISECONDS: Final = 20_000
_SLOWER_MILLISECONDS: Final = 100
_CPU_READINGS_SECONDS: Final = 2.5

Rule = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was done: rules held, resources that got a burst, calls of all bursts, circuits broken; and what was wrong.

    `beyond` counts rules that were held but not tried: limits above what a second can carry, guards over long answers
    or thousands of requests.
    """

    rules: int = 0
    bursts: int = 0
    calls: int = 0
    circuits: int = 0
    beyond: int = 0
    problems: tuple[str, ...] = ()

    def __add__(self, other: Checked) -> Checked:
        return Checked(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)})


def held(engine: Sentinel, files: Mapping[str, str]) -> Checked:
    """Does each process that loads a folder of these files hold exactly the rules that are written there?"""
    return sum((_held(engine, own) for own in folders(files).values()), Checked())


def acting(engine: Sentinel, files: Mapping[str, str]) -> Checked:
    """Do the limits pass exactly their number in a second, and do the circuit breakers break where they read so?

    Each file is loaded alone, since a guard of the process would answer for a limit.
    """
    done = Checked()
    for path, text in files.items():
        kind, rules = kind_of(path), json.loads(text)
        if kind in ("flow", "gateway-flow"):
            done += _limits(engine, path, text, rules)
        elif kind == "degrade":
            done = sum((_circuit(engine, path, rule) for rule in rules), done)
    return done


def checked(engine: Sentinel, files: Mapping[str, str]) -> Checked:
    """Both."""
    return held(engine, files) + acting(engine, files)


def system_problems(engine: Sentinel) -> Iterator[str]:
    """Does the CPU guard act? Told by limits that any load is above, and none, since the machine's load is not ours."""
    for limit, passed in ((0.0, 0), (1.0, 10)):
        engine.load_kinds({"system": json.dumps([{"highestCpuUsage": limit}])})
        time.sleep(_CPU_READINGS_SECONDS)
        calls = engine.calls("any", 10)
        if calls.passed != passed or set(calls.blocked) - {"SystemBlockException"}:
            yield f"highestCpuUsage {limit}: {calls.passed} of 10 calls passed, not {passed}; {dict(calls.blocked)}"


def bursts(engine: Sentinel, counts: Mapping[str, int], gateway: bool = False) -> dict[str, Calls]:
    """As the engine's own, tried again when the machine was too slow. Raises TimeoutError when it always was."""
    for left in range(_TRIES - 1, -1, -1):
        try:
            return engine.bursts(counts, gateway)
        except TimeoutError:
            if not left:
                raise
    raise AssertionError("not reached")


def _held(engine: Sentinel, own: Mapping[str, str]) -> Checked:
    try:
        written = {path: json.loads(text) for path, text in own.items()}
        found = engine.load(own)
    except (EngineRefused, ValueError) as refused:
        return Checked(problems=(f"{', '.join(own)}: {refused}",))
    wrong = tuple(what for path, rules in written.items() for what in _differing(path, rules, found))
    idle = {kind for kind, rules in found.items() if rules} - {kind_of(path) for path in own}
    strange = tuple(f"{', '.join(own)}: {kind} rules are held that nobody wrote" for kind in sorted(idle))
    return Checked(rules=sum(map(len, written.values())), problems=wrong + strange)


def _differing(path: str, written: Sequence[Rule], found: Held) -> Iterator[str]:
    rules = found[kind_of(path)]
    if len(rules) != len(written):
        yield f"{path}: {len(written)} rules written, {len(rules)} held"
    for rule in written:
        if not any(_says(each, rule) for each in rules):
            yield f"{path}: {rule} is not among {rules}"


def _says(held: Any, written: Any) -> bool:
    """Does the held value say what was written? Fields that were not written have their defaults."""
    if isinstance(written, Mapping):
        return isinstance(held, Mapping) and all(name in held and _says(held[name], written[name]) for name in written)
    if isinstance(written, list):
        return len(held) == len(written) and all(any(_says(each, one) for each in held) for one in written)
    return bool(held == written)


def _limits(engine: Sentinel, path: str, text: str, rules: Sequence[Rule]) -> Checked:
    """All limits of one file, as many together as a second can carry."""
    done, waiting = Checked(), [rule for rule in rules if rule["count"] + ABOVE <= _LARGEST_BURST]
    engine.load({path: text})
    while waiting:
        together: dict[str, int] = {}
        while waiting and sum(together.values()) + waiting[-1]["count"] + ABOVE <= _LARGEST_BURST:
            rule = waiting.pop()
            together[rule["resource"]] = rule["count"] + ABOVE
        found = bursts(engine, together, gateway=kind_of(path) == "gateway-flow")
        wrong = tuple(_not_limited(path, resource, count, found[resource]) for resource, count in together.items())
        done += Checked(bursts=len(together), calls=sum(together.values()), problems=tuple(filter(None, wrong)))
    return done + Checked(beyond=len(rules) - done.bursts)


def _not_limited(path: str, resource: str, count: int, calls: Calls) -> str:
    limit = count - ABOVE
    if calls.passed == limit and sum(calls.blocked.values()) == ABOVE:
        return ""
    return f"{path}: {calls.passed} of {count} calls of {resource} passed in a second, not {limit}"


def _circuit(engine: Sentinel, path: str, rule: Rule) -> Checked:
    if not _can_be_broken(rule):
        return Checked(beyond=1)
    for left in range(_TRIES - 1, -1, -1):
        window = _window(rule)
        wrong = tuple(f"{path}: {what}" for what in _not_breaking(engine, rule))
        if _window(rule) == window:  # else the counting began anew on the way
            return Checked(circuits=1, problems=wrong)
        if not left:
            raise TimeoutError(f"no {rule['statIntervalMs']} ms are enough for {rule}")
    raise AssertionError("not reached")


def _window(rule: Rule) -> int:
    """Sentinel counts by windows that begin at multiples of their length."""
    return int(time.time() * 1000) // int(rule["statIntervalMs"])


def _allowed(rule: Rule) -> Decimal:
    """The share of bad calls up to which the circuit stays closed."""
    return Decimal(str(rule["slowRatioThreshold" if rule["grade"] == 0 else "count"]))


def _can_be_broken(rule: Rule) -> bool:
    """Within the time and the threads that a test has; a share of 1 is never exceeded."""
    quick = rule["grade"] != 0 or _QUICK_MILLISECONDS <= rule["count"] <= _LONGEST_MILLISECONDS
    small = rule["count"] <= _LARGEST_CIRCUIT if rule["grade"] == 2 else _allowed(rule) <= Decimal("0.75")
    few = rule["minRequestAmount"] <= _LARGEST_CIRCUIT and small
    return bool(quick and few and rule["statIntervalMs"] >= _SHORTEST_WINDOW_MILLISECONDS)


def _not_breaking(engine: Sentinel, rule: Rule) -> Iterator[str]:
    """As many bad calls as the rule allows leave the circuit closed; more open it."""
    total, allowed, more = _amounts(rule)
    engine.load_kinds({"degrade": json.dumps([rule])})
    engine.calls(rule["resource"], total - allowed)
    _bad(engine, rule, allowed)
    if engine.calls(rule["resource"], 1).blocked:
        yield f"{allowed} bad calls of {total} opened the circuit: {rule}"
    _bad(engine, rule, more)
    if set(engine.calls(rule["resource"], 1).blocked) != {"DegradeException"}:
        yield f"{allowed + more} bad calls of {total + 1 + more} left the circuit closed: {rule}"


def _amounts(rule: Rule) -> tuple[int, int, int]:
    """Calls that are judged, how many of them may be bad, and how many more, after a good one, open the circuit."""
    total = int(rule["minRequestAmount"])
    if rule["grade"] == 2:
        return max(total, int(rule["count"]) + 1), int(rule["count"]), 1
    ratio = _allowed(rule)
    allowed = int(ratio * total)
    return total, allowed, int((ratio * (total + 1) - allowed) / (1 - ratio)) + 1


def _bad(engine: Sentinel, rule: Rule, count: int) -> None:
    """Calls that are slower than the rule allows, or fail."""
    if count:
        slow = rule["grade"] == 0
        length = int(rule["count"]) + _SLOWER_MILLISECONDS if slow else 0
        engine.calls(rule["resource"], count, length, fail=not slow)
