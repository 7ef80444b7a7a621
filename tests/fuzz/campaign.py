"""A campaign: seeds and promising inputs are changed and run until the time is over; faults are made small."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.fuzz.cases import Case, save
from tests.fuzz.minimise import minimised
from tests.fuzz.mutate import mutated
from tests.fuzz.running import Outcome, run
from tests.fuzz.seeds import Seeds, weights

_MOST_PROMISING: Final = 4_000
_MOST_OF_A_KIND: Final = 3
_MINIMISING_SECONDS: Final = 60.0
_TOLD_EVERY_SECONDS: Final = 60.0


@dataclass(slots=True)
class Report:
    """What a campaign did."""

    seconds: float = 0.0
    inputs: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    most_resident: tuple[int, str] = (0, "")
    slowest: tuple[float, str] = (0.0, "")

    def __add__(self, other: Report) -> Report:
        return Report(
            max(self.seconds, other.seconds),
            self.inputs + other.inputs,
            self.codes + other.codes,
            self.faults + other.faults,
            max(self.lines, other.lines),
            max(self.most_resident, other.most_resident),
            max(self.slowest, other.slowest),
        )

    def data(self) -> dict[str, Any]:
        """As JSON."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        # asdict() would count the pairs of a Counter anew
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in values.items()}

    @staticmethod
    def of(data: dict[str, Any]) -> Report:
        """The inverse of `data`."""
        counters = {name: Counter(data[name]) for name in ("inputs", "codes", "faults")}
        pairs = {name: tuple(data[name]) for name in ("most_resident", "slowest")}
        return Report(**{**data, **counters, **pairs})

    def text(self) -> str:
        """For people."""
        total = sum(self.inputs.values())
        rows = [
            f"{total:,} inputs in {self.seconds:,.0f} s ({total / max(self.seconds, 1e-9):.1f} a second)",
            "  by action: " + ", ".join(f"{name} {count:,}" for name, count in sorted(self.inputs.items())),
            "  by exit code: " + ", ".join(f"{name}: {count:,}" for name, count in sorted(self.codes.items())),
            f"  lines of graymesh met: {self.lines:,}",
            f"  most memory: {self.most_resident[0] >> 20} MiB by {self.most_resident[1]}",
            f"  slowest: {self.slowest[0]:.2f} s of CPU by {self.slowest[1]}",
            *(f"  FAULT {name}: {count}" for name, count in sorted(self.faults.items())),
        ]
        return "\n".join(rows if self.faults else [*rows, "  no fault"])


class Campaign:
    """One process's part. The same name and actions give the same inputs, but for what tracing keeps."""

    def __init__(self, name: str, found: Path, traced: float, actions: tuple[str, ...]) -> None:
        self._random, self._found, self._traced = Random(name), found, traced
        self._seeds = Seeds()
        chosen = [(action, weight) for action, weight in weights() if action in actions]
        self._actions, self._weights = [action for action, _ in chosen], [weight for _, weight in chosen]
        self._promising: dict[str, list[Case]] = {}
        self._signatures: set[tuple[str, ...]] = set()
        self._known: frozenset[str] = frozenset()
        self.report = Report()

    def go_on(self, seconds: float, inputs: int = 0) -> Report:
        """Until the time is over, or so many inputs were run."""
        start = told = time.monotonic()
        while (now := time.monotonic()) - start < seconds and not 0 < inputs <= sum(self.report.inputs.values()):
            self._one()
            self.report.seconds, self.report.lines = time.monotonic() - start, len(self._known)
            if now - told > _TOLD_EVERY_SECONDS:
                told = now
                print(self.report.text(), file=sys.stderr, flush=True)
        return self.report

    def _one(self) -> None:
        action = self._random.choices(self._actions, self._weights)[0]
        case = mutated(self._start(action), self._start(action), self._random)
        known = self._known if self._random.random() < self._traced else None
        outcome = run(case, known)
        self._note(case, outcome)
        if outcome.fault:
            self._save(case, outcome)
            return
        signature = outcome.signature(action)
        if outcome.lines or signature not in self._signatures:
            self._signatures.add(signature)
            self._known |= outcome.lines
            self._keep(case)

    def _start(self, action: str) -> Case:
        promising = self._promising.get(action)
        if promising and self._random.random() < 0.5:
            return self._random.choice(promising)
        return self._seeds.case(action, self._random)

    def _keep(self, case: Case) -> None:
        kept = self._promising.setdefault(case.action, [])
        if case.size() < 50_000:
            kept.append(case)
        if len(kept) > _MOST_PROMISING:
            del kept[self._random.randrange(len(kept))]

    def _note(self, case: Case, outcome: Outcome) -> None:
        report, what = self.report, f"{case.action} of {case.size():,} bytes"
        report.inputs[case.action] += 1
        report.codes[str(outcome.code)] += 1
        report.most_resident = max(report.most_resident, (outcome.resident, what))
        if outcome.cpu_seconds > report.slowest[0]:
            report.slowest = (outcome.cpu_seconds, what)
            save(case, self._found / "slowest", f"{outcome.cpu_seconds:06.2f}s-{_digest(case)}")

    def _save(self, case: Case, outcome: Outcome) -> None:
        """The input as it was, and made small, with what was said beside it."""
        kind = f"{case.action}: {outcome.kind}"
        self.report.faults[kind] += 1
        if self.report.faults[kind] > _MOST_OF_A_KIND:
            return
        print(f"FAULT {kind} ({outcome.fault})", file=sys.stderr, flush=True)
        name = _digest(case)
        save(case, self._found / "whole", name)
        seconds = _MINIMISING_SECONDS if self.report.faults[kind] == 1 else 0.0
        small = minimised(case, lambda less: run(less).kind == outcome.kind, seconds)
        place = save(small, self._found / "small", name)
        place.with_name(f"{name}.said").write_text(f"{kind}\n{outcome.fault}\n{outcome.said[-5000:]}", encoding="utf-8")


def _digest(case: Case) -> str:
    return sha256(repr(sorted(case.files.items())).encode()).hexdigest()[:12]
