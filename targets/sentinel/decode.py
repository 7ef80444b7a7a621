"""Reads rule files, graymesh's or anybody's, as the managers of Sentinel 1.8.9 read them; written from their sources.

A rule that its manager drops, a field that its class does not have and a value that does nothing are refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graymesh.kit.target import Decoded, Files, Refusal, Statement
from graymesh.targets.sentinel import meaning
from graymesh.targets.sentinel.meaning import Home, Meaning, Subject
from graymesh.targets.sentinel.paths import regex_problem, too_much
from graymesh.targets.sentinel.places import RuleLines
from graymesh.targets.sentinel.recognise import kind_of, kinds_by_fields, kinds_by_name
from graymesh.targets.sentinel.rules import KINDS, Rule
from graymesh.targets.sentinel.values import FieldProblem, parsed, typed


def decode(files: Files) -> Decoded:
    """The rules as settings, one statement for each release; a service that has a refused rule is left out."""
    read = [_File.read(path, files[path]) for path in sorted(files)]
    refusals = tuple(refusal for file in read for refusal in file.refusals)
    undecided = {subject for file in read for subject in file.undecided}
    groups = {said.group for file in read for said in file.statements if said.group}
    services: dict[tuple[str, str], list[tuple[str, Meaning]]] = {}
    for file in read:
        for said in (meaning.for_group_too(each, groups) for each in file.statements):
            services.setdefault((said.subject.service, said.subject.scope), []).append((file.path, said))
    known = (_statement(key, found) for key, found in sorted(services.items()) if key not in undecided)
    return Decoded(tuple(known), refusals)


def _statement(key: tuple[str, str], found: Sequence[tuple[str, Meaning]]) -> Statement:
    settings = meaning.merged(said for _, said in found)
    files = {fact: path for path, said in reversed(found) for fact in said.names}
    return Statement(
        subject=key[0],
        settings=settings,
        scope=key[1],
        file=found[0][0],
        setting_files={fact: files.get(fact, found[0][0]) for fact in settings},
    )


@dataclass(slots=True)
class _File:
    """One file while it is read: what its rules say, and what of them was refused."""

    path: str
    places: RuleLines
    statements: list[Meaning] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    undecided: list[tuple[str, str]] = field(default_factory=list)

    @staticmethod
    def read(path: str, text: str) -> _File:
        """The file's rules; a file that is not a list of rules of one kind gives one refusal and nothing else."""
        file = _File(path, RuleLines(text))
        try:
            data = parsed(text)
        except ValueError as error:
            file._refuse_all(
                "JSON", f"{error}: what Sentinel makes of it depends on its reader", getattr(error, "lineno", 0)
            )
            return file
        if not isinstance(data, list) or not all(isinstance(rule, Mapping) for rule in data):
            file._refuse_all("JSON", "is not a list of rules")
        elif (kind := kind_of(path, data)) is None:
            file._refuse_all("kind", _doubt(path, data))
        elif too_much(_patterns(data)):
            file._refuse_all("pattern", "the file's patterns are too large together")
        else:
            file._rules(kind, data)
        return file

    def _refuse_all(self, name: str, message: str, line: int = 0) -> None:
        self.undecided.append((Home.of(self.path).release, ""))
        self.refusals.append(Refusal(file=self.path, field=name, message=message, line=line))

    def _rules(self, kind: str, data: Sequence[Mapping[str, Any]]) -> None:
        home = Home.of(self.path)
        rules = [self._rule(kind, home, index, raw) for index, raw in enumerate(data)]
        for index, problem in _across(kind, rules):
            self._refuse(kind, home, index, data[index], problem)
        if kind == "system":
            self.statements += meaning.system(home, [rule for rule in rules if rule]) if not self.refusals else ()
            return
        for index, rule in enumerate(rules):
            self._say(kind, home, index, rule)

    def _rule(self, kind: str, home: Home, index: int, raw: Mapping[str, Any]) -> Rule | None:
        rule, problems = typed(KINDS[kind].columns, raw)
        if not problems:
            problems = [FieldProblem(broken.field, broken.message) for broken in KINDS[kind].broken(rule)]
        for problem in problems:
            self._refuse(kind, home, index, raw, problem)
        return None if problems else rule

    def _say(self, kind: str, home: Home, index: int, rule: Rule | None) -> None:
        if rule is None:
            return
        if rule.get("regex") and (message := regex_problem(rule["resource"])):
            self._refuse(kind, home, index, rule, FieldProblem("resource", message))
            return
        said = _SPEAKERS[kind](home, rule)
        if isinstance(said, FieldProblem):
            self._refuse(kind, home, index, rule, said)
        else:
            self.statements.append(said)

    def _refuse(self, kind: str, home: Home, index: int, raw: Mapping[str, Any], problem: FieldProblem) -> None:
        subject = _subject(kind, home, raw)
        self.undecided.append((subject.service, subject.scope))
        self.refusals.append(
            Refusal(
                file=self.path,
                field=problem.field,
                message=problem.message,
                path=(index, *problem.field.split(".")),
                line=self.places.line(index, problem.field),
            )
        )


_SPEAKERS = {
    "flow": meaning.flow,
    "degrade": meaning.degrade,
    "authority": meaning.authority,
    "param-flow": meaning.param_flow,
    "gateway-flow": meaning.gateway_flow,
    "api-groups": meaning.api_group,
}


def _patterns(rules: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Every regular expression in the rules."""
    for rule in rules:
        items = (rule.get("paramItem"), *_listed(rule.get("predicateItems")))
        found = [item.get("pattern") for item in items if isinstance(item, Mapping) and item.get("matchStrategy") == 2]
        found += [rule.get("resource")] if rule.get("regex") else []
        yield from (each for each in found if isinstance(each, str))


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _subject(kind: str, home: Home, raw: Mapping[str, Any]) -> Subject:
    """Of whom a refused rule would have spoken."""
    if kind == "system":
        return home.subject(home.release)
    resource = raw.get("apiName" if kind == "api-groups" else "resource")
    return meaning.subject_of(kind, home, resource if isinstance(resource, str) else "", raw.get("resourceMode", 0))


def _across(kind: str, rules: Sequence[Rule | None]) -> Iterator[tuple[int, FieldProblem]]:
    """What rules of one list do to each other."""
    numbered = [(index, rule) for index, rule in enumerate(rules) if rule is not None]
    match kind:
        case "authority":
            yield from _repeated(numbered, "resource", "has a rule already: Sentinel drops every further one")
        case "api-groups":
            yield from _repeated(numbered, "apiName", "names two groups: which of them holds is left to chance")
        case "gateway-flow":
            yield from _mixed_modes(numbered)


def _repeated(numbered: Iterable[tuple[int, Rule]], name: str, message: str) -> Iterator[tuple[int, FieldProblem]]:
    seen: set[str] = set()
    for index, rule in numbered:
        if rule[name] in seen:
            yield index, FieldProblem(name, message)
        seen.add(rule[name])


def _mixed_modes(numbered: Iterable[tuple[int, Rule]]) -> Iterator[tuple[int, FieldProblem]]:
    modes: dict[str, int] = {}
    for index, rule in numbered:
        if rule["paramItem"] and modes.setdefault(rule["resource"], rule["resourceMode"]) != rule["resourceMode"]:
            yield index, FieldProblem("resourceMode", "differs between rules with paramItem: none of them ever acts")


def _doubt(path: str, data: Sequence[Mapping[str, Any]]) -> str:
    choices = sorted(kinds_by_name(path) or kinds_by_fields(data))
    if not choices:
        return "no kind of rule has all of these fields: name the file for its kind, as in flow-rules.json"
    return f"may be rules of the kinds {', '.join(choices)}: name the file for its kind, as in flow-rules.json"
