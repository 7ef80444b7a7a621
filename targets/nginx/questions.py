"""The questions of one server: numbers them, asks each once, and says under which variable the answer stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from graymesh.ir.release import Conjunction, Field, Kind, Split, Test
from graymesh.targets.nginx.needs import ASK, Draw, Needs
from graymesh.targets.nginx.probes import Family, Origin, Probe, key_probe, question
from graymesh.targets.nginx.quoting import Part, Value, Variable
from graymesh.targets.nginx.tree import Directive, assigned

REQUEST_ID: Final = Variable("request_id")


class Questions:
    """What one server asks; `directives` set the questions in the order in which answers depend on each other."""

    def __init__(self, needs: Needs, trusted: tuple[str, ...]) -> None:
        self._needs, self._trusted = needs, trusted
        self._numbers: dict[Family, int] = {}
        self._answers: dict[Probe, Variable] = {}
        self._conjunctions: dict[Value, Variable] = {}
        self.directives: list[Directive] = []

    def conjunction(self, tests: Conjunction) -> Part | None:
        """What is `1` when the request passes all tests and `0` otherwise; None when it never can."""
        answers = list(self._answered(tests))
        if False in answers:
            return None
        found = tuple(answer for answer in answers if isinstance(answer, Variable))
        if len(found) < 2:
            return found[0] if found else "1"
        return self._conjunctions.get(found) or self._together(found)

    def draw(self, split: Split, codes: tuple[str, ...]) -> Part:
        """What holds the code of the drawn share; a share of nothing is never drawn."""
        parts = tuple((share.basis_points, code) for share, code in zip(split.shares, codes, strict=True))
        drawn = tuple(part for part in parts if part[0])
        if len(drawn) == 1:
            return drawn[0][1]
        draw = Draw(self._key(split.key), drawn)
        self._needs.draws.add(draw)
        return draw.variable

    def answer(self, probe: Probe) -> Variable:
        """The variable that answers the question."""
        if probe not in self._answers:
            self._answers[probe] = self._asked(probe)
        return self._answers[probe]

    def _answered(self, tests: tuple[Test, ...]) -> Iterator[Variable | bool]:
        for test in tests:
            asked = question(test, self._trusted)
            self._needs.claims |= test.field.kind is Kind.CLAIM
            if isinstance(asked, Probe):
                yield self.answer(asked)
            elif isinstance(asked, Origin):
                self._needs.origins.add(asked)
                yield asked.variable
            else:
                yield asked

    def _asked(self, probe: Probe) -> Variable:
        subject = tuple(self.answer(part) if isinstance(part, Probe) else part for part in probe.subject)
        number = self._numbers[probe.family] = self._numbers.get(probe.family, 0) + 1
        self._needs.use(probe.family, number)
        self._set(probe.family.question(number), subject)
        return probe.family.answer(number)

    def _together(self, answers: tuple[Variable, ...]) -> Variable:
        number = len(self._conjunctions) + 1
        self._needs.conjunctions = max(self._needs.conjunctions, number)
        self._needs.longest_conjunction = max(self._needs.longest_conjunction, len(answers))
        self._set(Variable(f"{ASK}{number}"), answers)
        return self._conjunctions.setdefault(answers, Variable(f"gm_all_{number}"))

    def _key(self, key: Field | None) -> Variable:
        if key is None:
            return REQUEST_ID
        self._needs.claims |= key.kind is Kind.CLAIM
        return self.answer(key_probe(key))

    def _set(self, variable: Variable, value: Value) -> None:
        self.directives.append(assigned(variable, value))
