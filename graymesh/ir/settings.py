"""Settings: what engines are told besides routes, one row each. Whatever names a setting looks it up here.

A fact's key is (version or "", the setting's name). Decoders report the facts that artifacts state; the spec's own are
compared with them. Settings of which only one target's artifacts tell stand in that target's `settings.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, TypeAlias

from graymesh.diagnostic import Pointer
from graymesh.ir.release import Facts

Unit: TypeAlias = Literal["", "ms", "bp"]
"""`ms` milliseconds, `bp` basis points; else a number, a text or a sorted tuple of texts."""
Scope: TypeAlias = Literal["release", "version", "canaries", "versions"]
"""One value for the release, one for each version that says it, or one that is said once and held for each canary, or
for each version."""
Weaker: TypeAlias = Literal["", "more", "less"]
"""The direction in which a guard or a limit lets through more than before; "" where there is none."""
Protects: TypeAlias = Literal["", "guard", "start", "limit", "trust"]
"""A guard stops or leaves out what fails, a start eases instances in, a limit caps load, trust is whose word counts."""

Together: TypeAlias = Literal["", "releases"]
"""Is the value a list of what all releases ask for together, so that each finds its own entries beside others'?"""

_VARIABLE: Final = re.compile("<[a-z]+>")


class UnknownSettingError(LookupError):
    """A name that has no row, so that nobody can tell what it means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting. A part `<…>` of the name is any text, even none: `labels.<label>`.

    `feature` is the one in `graymesh.ir.features` that a target must be able to say, "" where no spec asks for it.
    `path` leads to the value in the spec, or to what it follows from, with `<version>` for the fact's version. `group`
    is the key of the spec whose parts come and go together, by the words for it, and `whole` the steps of `path` that
    lead there; without a group the setting stands for itself.
    """

    name: str
    doc: str
    unit: Unit = ""
    feature: str = ""
    scope: Scope = "release"
    path: Pointer = ("spec",)
    weaker: Weaker = ""
    protects: Protects = ""
    group: str = ""
    whole: int | None = None
    together: Together = ""

    @property
    def family(self) -> str:
        """The first part of the name, which all settings of one subject have in common."""
        return family(self.name)

    @property
    def once_for_all(self) -> bool:
        """Is it said once, and held for several versions?"""
        return self.scope in ("canaries", "versions")

    @property
    def said_with_version(self) -> bool:
        """Does the spec say it in the version's own entry, so that it comes and goes with the version?"""
        return self.path[:2] == ("spec", "versions")

    def words(self, name: str) -> str:
        """The name in the spec's words: without its unit."""
        return name.removesuffix(f".{self.unit}") if self.unit else name

    def place(self, version: str) -> Pointer:
        """Where the spec says it, for a version."""
        return tuple(version if step == "<version>" else step for step in self.path)

    def place_of_group(self, version: str) -> Pointer:
        """Where the spec says what it is a part of; the setting's own place when it stands for itself."""
        return self.place(version)[: self.whole]

    def place_of_feature(self, version: str) -> Pointer:
        """Where the spec asks for the feature, which may be what it is a part of."""
        return self.place_of_group(version) if self.feature == self.group else self.place(version)


class SettingRows:
    """Rows to look names up in; a name that several patterns fit belongs to the one with the most text of its own."""

    def __init__(self, rows: Iterable[SettingRow]) -> None:
        """Raises ValueError for two rows of one name."""
        self.rows: Final = tuple(rows)
        self._named = {row.name: row for row in self.rows}
        if len(self._named) < len(self.rows):
            names = [row.name for row in self.rows]
            doubled = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"several rows for the setting {', '.join(doubled)}")

    def __iter__(self) -> Iterator[SettingRow]:
        return iter(self.rows)

    def joined(self, rows: Iterable[SettingRow]) -> SettingRows:
        """These rows and more. Raises ValueError for a name that has a row already."""
        return SettingRows((*self.rows, *rows))

    def of(self, name: str) -> SettingRow:
        """The row of a fact's name. Raises UnknownSettingError when there is none."""
        found = self._named.get(name) or self._fitting(name)
        if found is None:
            advice = "it needs a row in graymesh/ir/settings.py, or in the settings.yaml of the target that tells of it"
            raise UnknownSettingError(f"no setting is called {name!r}: {advice}")
        return found

    def of_words(self, words: str) -> SettingRow | None:
        """A row of what is called so in messages, be it one setting or a group; None when nothing is."""
        return self._worded.get(words) or self._fitting(words)

    def _fitting(self, name: str) -> SettingRow | None:
        start = family(name)
        return next((row for row, pattern in self._patterns if row.family == start and pattern.fullmatch(name)), None)

    @cached_property
    def _worded(self) -> dict[str, SettingRow]:
        groups = {row.group: row for row in self.rows if row.group}
        return {**groups, **{row.words(row.name): row for row in self.rows}}

    @cached_property
    def _patterns(self) -> tuple[tuple[SettingRow, re.Pattern[str]], ...]:
        patterned = [row for row in self.rows if _VARIABLE.search(row.name)]
        patterned.sort(key=lambda row: len(_VARIABLE.sub("", row.name)), reverse=True)
        return tuple((row, _pattern(row.name)) for row in patterned)


def family(words: str) -> str:
    """The first part of a setting's name or of the words for it."""
    return words.partition(".")[0]


def relabel(facts: Facts, labels: dict[str, str]) -> Facts:
    """The same facts under an engine's own names for the versions."""
    return {(labels.get(version, version), name): value for (version, name), value in facts.items()}


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, _VARIABLE.split(name))), re.DOTALL)


def _of_version(name: str, doc: str) -> SettingRow:
    key = family(name)
    return SettingRow(name=name, doc=doc, feature=key, scope="version", path=("spec", "versions", "<version>", key))


def _outlier(key: str, doc: str, unit: Unit = "", weaker: Weaker = "") -> SettingRow:
    return SettingRow(
        name=".".join(filter(None, ("outlier", key, unit))),
        doc=doc,
        unit=unit,
        feature=f"outlier.{key}",
        path=("spec", "resilience", "outlier", key),
        weaker=weaker,
        protects="guard",
        group="outlier",
        whole=3,
    )


def _pool(key: str, doc: str, weaker: Weaker = "") -> SettingRow:
    path = ("spec", "resilience", "pool", key)
    return SettingRow(
        name=f"pool.{key}", doc=doc, feature="pool", path=path, weaker=weaker, protects="limit", group="pool", whole=3
    )


def _limit(key: str, doc: str, unit: Unit = "") -> SettingRow:
    return SettingRow(
        name=".".join(filter(None, ("limits", key, unit))),
        doc=doc,
        unit=unit,
        feature=f"limits.{key}",
        scope="version",
        path=("spec", "limits", "<version>", key),
        weaker="more",
        protects="limit",
        group="limits",
        whole=3,
    )


def _part(
    where: Pointer, name: str, key: str, doc: str, unit: Unit, weaker: Weaker, *, scope: Scope, protects: Protects
) -> SettingRow:
    """One number of a part that the spec describes below `where`.

    `name` is the setting's, below the last key of `where` and without its unit; `key` the last one in the spec.
    """
    part = family(name)
    whole = f"{where[-1]}.{part}"
    return SettingRow(
        name=".".join(filter(None, (str(where[-1]), name, unit))),
        doc=doc,
        unit=unit,
        feature=whole,
        scope=scope,
        path=(*where, part, key),
        weaker=weaker,
        protects=protects,
        group=whole,
        whole=len(where) + 1,
    )


def _breaker(name: str, key: str, doc: str, unit: Unit = "", weaker: Weaker = "") -> SettingRow:
    where = ("spec", "resilience", "circuitBreaker")
    return _part(where, name, key, doc, unit, weaker, scope="versions", protects="limit")


def _breaker_windows(part: str) -> tuple[SettingRow, ...]:
    return (
        _breaker(f"{part}.window", "window", "The windows over which calls are counted.", "ms"),
        _breaker(f"{part}.minRequests", "minRequests", "Calls in a window before it is judged.", weaker="more"),
        _breaker(f"{part}.open", "open", "How long calls are rejected before one is tried.", "ms", weaker="less"),
    )


def _guard(name: str, key: str, doc: str, unit: Unit = "", weaker: Weaker = "") -> SettingRow:
    return _part(("spec", "guards"), name, key, doc, unit, weaker, scope="canaries", protects="guard")


def _jwt(key: str, doc: str) -> SettingRow:
    path = ("spec", "jwt", key)
    return SettingRow(name=f"jwt.{key}", doc=doc, feature="jwt", path=path, protects="trust", group="jwt", whole=2)


def _protocol(name: str, doc: str) -> SettingRow:
    return SettingRow(
        name=f"protocol.{name}", doc=doc, feature=f"protocol.{name}", path=("spec", "service", "protocol")
    )


SPEC_SETTINGS: Final = SettingRows(
    (
        _protocol("http2", "`spoken`: requests go to all versions by HTTP/2."),
        _protocol("grpc", "`spoken`: requests go to all versions by gRPC, over HTTP/2."),
        SettingRow(
            name="streams",
            doc="`passed on`: answers may stay open, and go on as they come.",
            feature="streams",
            path=("spec", "service", "streams"),
        ),
        _of_version("labels.<label>", "The value of a label of its pods."),
        _of_version("endpoints", "The addresses of its instances, `ip:port`, sorted."),
        _outlier("errors", "Errors in a row after which an instance is left out.", weaker="more"),
        _outlier("interval", "The time in which errors are counted.", "ms"),
        _outlier("eject", "How long an instance is left out.", "ms", weaker="less"),
        _outlier("maxEjected", "The largest share of instances left out at a time.", "bp"),
        SettingRow(
            name="fallback",
            doc="`stable`: who answers requests for a canary when none of its instances is left to try.",
            feature="fallback",
            scope="canaries",
            path=("spec", "resilience", "fallback"),
            protects="guard",
        ),
        SettingRow(
            name="warmup.ms",
            doc="The time over which a new instance's share grows.",
            unit="ms",
            feature="warmup",
            path=("spec", "resilience", "warmup"),
            weaker="less",
            protects="start",
        ),
        _pool("maxConnections", "The most open connections to the service.", weaker="more"),
        _pool("maxPending", "The most requests that wait for a connection.", weaker="more"),
        _pool("maxRequestsPerConnection", "The most requests on one connection before it is closed."),
        _limit("qps", "Requests per second to the version that one process lets pass."),
        _limit("cpu", "The processor load above which an instance turns requests away.", "bp"),
        _breaker("slowCalls", "max", "The largest share of slow calls.", "bp", weaker="more"),
        _breaker("slowCalls.above", "above", "A call that takes longer is slow.", "ms", weaker="more"),
        *_breaker_windows("slowCalls"),
        _breaker("errorRatio", "max", "The largest share of failed calls.", "bp", weaker="more"),
        *_breaker_windows("errorRatio"),
        _breaker("errorCount", "max", "The most failed calls in a window.", weaker="more"),
        *_breaker_windows("errorCount"),
        _guard("errorRate", "max", "The largest share of failed requests.", "bp", weaker="more"),
        _guard("errorRate.window", "window", "The window over which the share is measured.", "ms"),
        _guard("latency", "max", "The longest answer time at the quantile.", "ms", weaker="more"),
        _guard("latency.quantile", "quantile", "The quantile of the answer times.", "bp", weaker="less"),
        _guard("latency.window", "window", "The window over which the quantile is measured.", "ms"),
        _guard("cpu", "max", "The largest processor load.", "bp", weaker="more"),
        _guard("cpu.for", "for", "How long the load must last.", "ms", weaker="more"),
        _guard("cpu.action", "action", "Whether the canary goes back, or gets no new users."),
        _guard("memory", "max", "The largest share of their memory limit in use.", "bp", weaker="more"),
        _guard("memory.for", "for", "How long it must last.", "ms", weaker="more"),
        _guard("memory.action", "action", "Whether the canary goes back, or gets no new users."),
        _guard("coverage", "min", "The smallest share of instances that report metrics.", "bp", weaker="less"),
        _jwt("issuer", "Who issues the tokens that carry claims."),
        _jwt("jwks", "Where the issuer's keys are."),
        _jwt("from", "Where a token stands: `header authorization`, `cookie token`."),
    )
)
"""What specs say; each target adds its own (`graymesh.kit.target.Target.settings`)."""
