"""Every decision: which rules each version's process loads, and which the gateway loads for all releases together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from graymesh.ir.release import Kind
from graymesh.kit.asked import asked_by
from graymesh.kit.target import View
from graymesh.targets.sentinel.gateway import groups, limits

Rules: TypeAlias = Sequence[Mapping[str, Any]]


ENDLESS_MS: Final = 2**31
"""Windows of so many milliseconds (25 days) do not fit a rule; without the rule, verification says what is missing."""


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One file: its path, the kind of its rules (`graymesh.targets.sentinel.rules.KINDS`) and the rules."""

    path: str
    kind: str
    rules: Rules


def lower(views: Sequence[View]) -> list[RuleFile]:
    """The files of every version of every release, and the gateway's; a file without a rule is not written.

    The gateway's are there from the first stage on if any stage has a rule for them, since a data source whose file is
    missing does not start.
    """
    files = [file for view in views for file in _files(view)]
    facing = [view for view in views if view.options.get("gateway", True)]
    routes = sorted(
        (rule for view in facing for rule in limits(view)), key=lambda rule: str(rule["resource"]).split(".")[:2]
    )
    paths = sorted((group for view in facing for group in groups(view)), key=lambda group: str(group["apiName"]))
    found = [file for file in files if file.rules]
    if any(map(limited, facing)):
        found.append(RuleFile("gateway/flow-rules.json", "gateway-flow", routes))
    if any(asked_by(view, Kind.PATH) is not None for view in facing):
        found.append(RuleFile("gateway/api-groups.json", "api-groups", paths))
    return found


def limited(view: View) -> bool:
    """Has a version a limit, whether or not a route leads to it now?"""
    return any(name == "limits.qps" for _, name in view.facts)


def _files(view: View) -> Iterator[RuleFile]:
    name = view.release.name
    for version in sorted({version for version, _ in view.facts if version}):
        facts = {key: value for (owner, key), value in view.facts.items() if owner == version}
        for kind, rules in (
            ("flow", _flow(view, version, facts)),
            ("degrade", _degrade(view.release.name, facts)),
            ("system", _system(facts)),
        ):
            yield RuleFile(f"{name}/{version}/{kind}-rules.json", kind, list(rules))


_Named: TypeAlias = Mapping[str, Any]


def _flow(view: View, version: str, facts: _Named) -> Iterator[_Named]:
    if "limits.qps" in facts:
        yield {
            "resource": view.release.name,
            "limitApp": "default",
            "grade": 1,
            "count": facts["limits.qps"] // _instances(view, version),
            "strategy": 0,
            "controlBehavior": 0,
        }


def _instances(view: View, version: str) -> int:
    """Over how many instances the limit is spread; 1 leaves it whole to each."""
    if view.options.get("limitsPer", "instance") == "instance":
        return 1
    return view.release.version(version).replicas or 1


def _degrade(resource: str, facts: _Named) -> Iterator[_Named]:
    for name, judged in _judged(facts):
        stem = f"circuitBreaker.{name}"
        if facts[f"{stem}.window.ms"] < ENDLESS_MS:
            yield {
                "resource": resource,
                "limitApp": "default",
                **judged,
                "timeWindow": facts[f"{stem}.open.ms"] // 1000,
                "minRequestAmount": facts[f"{stem}.minRequests"],
                "statIntervalMs": facts[f"{stem}.window.ms"],
            }


def _judged(facts: _Named) -> Iterator[tuple[str, _Named]]:
    """The circuit breakers that the release asks for, each with what it counts and how much of that it allows."""
    if "circuitBreaker.slowCalls.bp" in facts:
        above_ms, slow = facts["circuitBreaker.slowCalls.above.ms"], facts["circuitBreaker.slowCalls.bp"]
        yield "slowCalls", {"grade": 0, "count": above_ms, "slowRatioThreshold": slow / 10_000}
    if "circuitBreaker.errorRatio.bp" in facts:
        yield "errorRatio", {"grade": 1, "count": facts["circuitBreaker.errorRatio.bp"] / 10_000}
    if "circuitBreaker.errorCount" in facts:
        yield "errorCount", {"grade": 2, "count": facts["circuitBreaker.errorCount"]}


def _system(facts: _Named) -> Iterator[_Named]:
    if "limits.cpu.bp" in facts:
        yield {"highestCpuUsage": facts["limits.cpu.bp"] / 10_000}
