"""What one rule means: facts in graymesh's units where a spec can say as much, else words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from graymesh.ir.release import Facts, Scalar
from graymesh.targets.sentinel import words
from graymesh.targets.sentinel.paths import pattern_of, regex_problem
from graymesh.targets.sentinel.recognise import group_owner, owner, route_owner
from graymesh.targets.sentinel.rules import Rule, blank
from graymesh.targets.sentinel.values import FieldProblem

Fact: TypeAlias = tuple[tuple[str, str], Scalar]


@dataclass(frozen=True, slots=True)
class Subject:
    """Of whom a rule speaks. `scope` tells processes apart whose files name a resource, but no release."""

    service: str
    scope: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one rule says: `words` always, `facts` when a spec can say the same.

    `route` is the one that a plain limit of the gateway counts, `group` the name that the rule gives to paths.
    """

    subject: Subject
    kind: str
    words: str
    facts: tuple[Fact, ...] = ()
    route: str = ""
    group: str = ""

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """The facts in which it may be told: its own, and the words of its kind."""
        return (*(name for name, _ in self.facts), (self.subject.version, f"rules.{self.kind}"))


@dataclass(frozen=True, slots=True)
class Home:
    """Whom a file's rules belong to. `release` and `version` are known of `<release>/<version>/<file>` only."""

    path: str
    release: str = ""
    version: str = ""

    @staticmethod
    def of(path: str) -> Home:
        """The home that a path names."""
        return Home(path, *(owner(path) or ("", "")))

    @property
    def folder(self) -> str:
        """The folder of the file, "" when it has none."""
        return self.path.rpartition("/")[0]

    def subject(self, resource: str) -> Subject:
        """The release of the folder, or else the resource within that folder."""
        own = self.release and resource == self.release
        return Subject(resource, version=self.version) if own else Subject(resource, scope=self.folder)


def subject_of(kind: str, home: Home, name: str, resource_mode: int = 0) -> Subject:
    """Of whom a rule on this resource, route or group of paths speaks."""
    if kind == "gateway-flow":
        own = route_owner(home.path, name) if resource_mode == 0 else None
        return Subject(own[0], version=own[1]) if own else Subject(name, scope=home.folder)
    if kind == "api-groups":
        release = group_owner(home.path, name)
        return Subject(release) if release else Subject(name, scope=home.folder)
    return home.subject(name)


def flow(home: Home, rule: Rule) -> Meaning:
    """A plain limit is `limits.qps.perInstance`; callers, queues, warming up and the like are words."""
    subject = home.subject(rule["resource"])
    plain = rule["grade"] == 1 and rule["strategy"] == 0 and rule["controlBehavior"] == 0 and not rule["clusterMode"]
    whole = rule["count"] == rule["count"] // 1
    key = (subject.version, "limits.qps.perInstance")
    facts = ((key, int(rule["count"])),) if plain and whole and _everywhere(rule) else ()
    return Meaning(subject, "flow", words.flow(rule), facts)


def degrade(home: Home, rule: Rule) -> Meaning:
    """A circuit breaker for slow calls, for the share of errors or for their number."""
    subject = home.subject(rule["resource"])
    breaker = _breaker(rule) if _everywhere(rule) else {}
    facts = tuple(((subject.version, name), value) for name, value in breaker.items())
    return Meaning(subject, "degrade", words.degrade(rule), facts)


def _breaker(rule: Rule) -> dict[str, int]:
    """The facts of one circuit breaker; empty when its numbers are finer than graymesh's units."""
    if rule["grade"] == 0:
        name = "circuitBreaker.slowCalls"
        numbers = {f"{name}.above.ms": rule["count"], f"{name}.bp": rule["slowRatioThreshold"] * 10_000}
    elif rule["grade"] == 1:
        name = "circuitBreaker.errorRatio"
        numbers = {f"{name}.bp": rule["count"] * 10_000}
    else:
        name = "circuitBreaker.errorCount"
        numbers = {name: rule["count"]}
    numbers[f"{name}.window.ms"] = rule["statIntervalMs"]
    numbers[f"{name}.minRequests"] = rule["minRequestAmount"]
    numbers[f"{name}.open.ms"] = rule["timeWindow"] * 1000
    whole = all(value == value // 1 for value in numbers.values())
    return {name: int(value) for name, value in numbers.items()} if whole else {}


_SYSTEM_FIELDS = ("highestSystemLoad", "highestCpuUsage", "qps", "avgRt", "maxThread")


def system(home: Home, rules: Sequence[Rule]) -> Iterator[Meaning]:
    """All rules of a list together: of several limits of one sort the lowest holds, anything below 0 is off."""
    subject = home.subject(home.release)
    for name in _SYSTEM_FIELDS:
        limits = [rule[name] for rule in rules if rule[name] >= 0]
        if limits:
            yield _system_limit(subject, name, min(limits))


def _system_limit(subject: Subject, name: str, limit: Any) -> Meaning:
    share = limit * 10_000
    plain = name == "highestCpuUsage" and share == share // 1
    facts = (((subject.version, "limits.cpu.bp"), int(share)),) if plain else ()
    return Meaning(subject, "system", words.system(name, limit), facts)


def authority(home: Home, rule: Rule) -> Meaning:
    """No spec says who may call: always words."""
    return Meaning(home.subject(rule["resource"]), "authority", words.authority(rule))


def param_flow(home: Home, rule: Rule) -> Meaning:
    """No spec limits by argument: always words."""
    return Meaning(home.subject(rule["resource"]), "paramFlow", words.param_flow(rule))


def gateway_flow(home: Home, rule: Rule) -> Meaning | FieldProblem:
    """A plain limit of a route is one entry of `gateway.routes`; all others are words."""
    item = rule["paramItem"]
    if item and item["pattern"] and item["matchStrategy"] == 2 and (message := regex_problem(item["pattern"])):
        return FieldProblem("paramItem.pattern", message)
    subject = subject_of("gateway-flow", home, rule["resource"], rule["resourceMode"])
    numbers = (rule["resourceMode"], rule["grade"], rule["intervalSec"], rule["controlBehavior"], rule["burst"])
    entry = f"{rule['resource']}={words.number(rule['count'])}"
    if numbers != (0, 1, 1, 0, 0) or item is not None:
        return Meaning(subject, "gateway", words.gateway_flow(rule))
    facts = (((subject.version, "gateway.routes"), (entry,)),)
    return Meaning(subject, "gateway", words.gateway_flow(rule), facts, route=rule["resource"])


def for_group_too(said: Meaning, groups: Collection[str]) -> Meaning:
    """What a rule says where there is a group of paths with the name of its route: Sentinel then counts both."""
    return replace(said, facts=()) if said.route in groups else said


def api_group(home: Home, rule: Rule) -> Meaning | FieldProblem:
    """The patterns of a group of paths."""
    patterns = [pattern_of(item) for item in rule["predicateItems"]]
    for pattern in patterns:
        if isinstance(pattern, FieldProblem):
            return pattern
    name = rule["apiName"]
    entries = tuple(sorted({pattern for pattern in patterns if isinstance(pattern, str)}))
    facts: tuple[Fact, ...] = ((("", "gateway.group"), name), (("", "gateway.paths"), entries))
    subject = subject_of("api-groups", home, name)
    return Meaning(subject, "gateway", f"group {words.quoted(name)}: {', '.join(entries)}", facts, group=name)


def _everywhere(rule: Rule) -> bool:
    """For every caller, on this one resource."""
    return not rule["regex"] and (blank(rule["limitApp"]) or rule["limitApp"] == "default")


@dataclass(slots=True)
class _Gathered:
    facts: dict[tuple[str, str], Scalar] = field(default_factory=dict)
    words: dict[tuple[str, str], set[str]] = field(default_factory=dict)


def merged(statements: Iterable[Meaning]) -> Facts:
    """The facts of all statements about one service. Rules that claim one fact together are told in words instead."""
    distinct = list({(said.subject.version, said.kind, said.words): said for said in statements}.values())
    claims: dict[tuple[str, str], int] = {}
    for said in distinct:
        for key, value in said.facts:
            claims[key] = claims.get(key, 0) + (not isinstance(value, tuple))
    gathered = _Gathered()
    for said in distinct:
        _gather(gathered, said, all(claims[key] <= 1 for key, _ in said.facts))
    told = {key: tuple(sorted(lines)) for key, lines in gathered.words.items()}
    return dict(sorted({**gathered.facts, **told}.items()))


def _gather(gathered: _Gathered, said: Meaning, alone: bool) -> None:
    if not said.facts or not alone:
        gathered.words.setdefault((said.subject.version, f"rules.{said.kind}"), set()).add(said.words)
        return
    for key, value in said.facts:
        gathered.facts[key] = _joined(gathered.facts.get(key), value)


def _joined(known: Scalar | None, value: Scalar) -> Scalar:
    """Entries of several rules together; any other value stands alone."""
    if not isinstance(value, tuple):
        return value
    return tuple(sorted({*known, *value})) if isinstance(known, tuple) else value
