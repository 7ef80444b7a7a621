"""The suite of one engine: everything that there is to try, at every stage, loaded and asked."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from graymesh.ir.features import conjunction_features
from graymesh.ir.preflights import PREFLIGHT
from graymesh.ir.release import UNIQUE_ID, Release
from graymesh.kit.registry import target
from graymesh.kit.target import View
from tests.conformance import upstreams
from tests.conformance.binomial import improbability
from tests.conformance.cache import Say
from tests.conformance.engine import Engine, EngineRefused
from tests.conformance.subjects import Placed, batches, placed
from tests.conformance.traffic import THOROUGH, Asked, Draw, Effort, Seen, hosts_of, try_out
from tests.nginx.engine import free_port

BATCH: Final = {"nginx": 100, "istio": 40, "spring-cloud-gateway": 22}
"""So many releases stand in one set of files; Spring's start-up grows with the square of its routes."""

ERROR_RATE: Final = 1e-6
"""How often a whole run may call an honest engine's draw unfair."""

_SHOWN: Final = 5  # of the problems of one load, while the suite runs
Bend: TypeAlias = Callable[[View], View]
Check: TypeAlias = Callable[[dict[str, str], Sequence[Release]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Project:
    """What engines ask of a project."""

    releases: tuple[Release, ...]


@dataclass(slots=True)
class Result:
    """What became of one engine's suite."""

    engine: str
    version: str
    releases: int = 0
    stages: int = 0
    loads: int = 0
    seconds: float = 0.0
    refused: list[str] = field(default_factory=list)
    features: Counter[str] = field(default_factory=Counter)
    seen: Seen = field(default_factory=Seen)
    told: int = 0

    def new_problems(self) -> list[str]:
        """What has been found since the last call."""
        found = [*self.refused, *self.seen.disagreements][self.told :]
        self.told += len(found)
        return found

    @property
    def problems(self) -> list[str]:
        """All that is wrong, in words."""
        return [*self.refused, *self.seen.disagreements, *unfair(self.seen.draws)]


def run(
    engine: Engine,
    check: Check,
    say: Say,
    subjects: Sequence[Placed] = (),
    bend: Bend | None = None,
    effort: Effort = THOROUGH,
) -> Result:
    """Try everything, or these subjects, on an engine that is available; it is started and stopped here.

    `bend` changes views before they are lowered, for trying whether the suite can fail.
    """
    started = time.monotonic()
    result = Result(engine.name, engine.version)
    everything = subjects or placed(engine.name, free_port())
    result.releases = len(everything)
    engine.start()
    try:
        with upstreams.serving(address for each in everything for address in each.versions):
            for batch in batches(everything, BATCH[engine.name]):
                for stage in range(max(len(each.stages) for each in batch)):
                    there = [each for each in batch if stage < len(each.stages)]
                    asked = _stage(engine, check, there, stage, bend, result)
                    try_out(engine, asked, result.seen, effort)
                    _note_features(there, stage, result)
                    for problem in result.new_problems()[:_SHOWN]:
                        say(f"{engine.name}: {problem}")
                    said = f"{result.seen.compared.total():,} requests, {len(result.problems)} disagreements"
                    say(f"{engine.name}: {said}")
    finally:
        engine.stop()
    result.seconds = time.monotonic() - started
    return result


def unfair(draws: Sequence[Draw]) -> Iterator[str]:
    """Counts that chance explains less often than `ERROR_RATE`, shared out over all counts and both sides."""
    limit = ERROR_RATE / (2 * max(len(draws), 1))
    for draw in draws:
        if improbability(draw.count, draw.total, draw.probability) < limit:
            where = f"{draw.asked.subject} at {draw.asked.stage}, {draw.asked.host}, route {draw.route}"
            yield f"{where}: {draw.count} of {draw.total} draws, expected {draw.probability:.2%} of them"


def _stage(
    engine: Engine, check: Check, batch: Sequence[Placed], stage: int, bend: Bend | None, result: Result
) -> list[Asked]:
    """Load a set of releases at one of their stages; what is to be asked then, nothing when they are refused."""
    views = [each.view(each.stages[stage]) for each in batch]
    releases = tuple(view.release for view in views)
    chosen = target(engine.name)
    files = chosen.emit(chosen.lower([bend(view) for view in views] if bend else views))
    result.refused += check(files, releases)
    result.loads += 1
    result.stages += len(views)
    try:
        engine.load(files, Project(releases))
    except EngineRefused as refused:
        result.refused.append(f"{', '.join(each.name for each in batch)}: {refused}")
        return []
    return [one for each, view in zip(batch, views, strict=True) for one in _asked(each, view)]


def _note_features(batch: Sequence[Placed], stage: int, result: Result) -> None:
    for each in batch:
        view = each.view(each.stages[stage])
        count = result.seen.by_release[each.name, view.release.stage]
        result.features.update(dict.fromkeys(features(view), count))


def _asked(each: Placed, view: View) -> Iterator[Asked]:
    for host, table in hosts_of(view.tables):
        yield Asked(each.name, view.release.stage, host, table, each.versions)


COARSE: Final = 500
"""Basis points of which shares are multiples on every engine."""


def features(view: View) -> set[str]:
    """The features that requests of this view show at work."""
    found = {"lane.follow"} if view.role == "follower" else set()
    lane = view.release.lane.header if view.release.lane else ""
    for table in view.tables:
        for route in table.table.routes:
            found |= {name for tests in route.condition for name in conjunction_features(tests)}
            found |= {"preflight"} if route.condition == PREFLIGHT else set()
            shares = [share for share in route.split.shares if share.basis_points]
            found |= {"split"} if len(shares) > 1 else set()
            found |= {"split.several"} if len({share.version for share in shares}) > 2 else set()
            found |= {"sticky"} if any(share.set_cookie for share in shares) else set()
            fine = any(share.set_cookie and share.basis_points % COARSE for share in shares)
            found |= {"sticky.fine"} if fine and len(shares) > 1 else set()
            found |= {"sticky.key"} if route.split.key else set()
            found |= {"notice"} if any(share.response_headers for share in shares) else set()
            written = {header for share in shares for header in share.request_headers}
            found |= {"trace"} if any(value == UNIQUE_ID for _, value in written) else set()
            found |= {"lane.set"} if view.role == "edge" and lane in {name for name, _ in written} else set()
            found |= {"cors"} if route.policy.cors else set()
            found |= {"fault"} if route.policy.fault else set()
    return found
