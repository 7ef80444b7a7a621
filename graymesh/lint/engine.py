"""Lint: rules look at a release and say what is wrong. A rule is one file in `graymesh/lint/rules`.

The file's name is the rule's code and name (`gm201_shadowed_route.py`), its docstring the page that `graymesh explain`
shows, with a bad and a good example that are run as tests. `check(case)` yields findings for one release;
`check_project(cases)` yields `(case, finding)` for all of them together. A file with neither documents a code that an
earlier or later stage raises. `LEVEL` is the level of its findings, `error` unless it says otherwise; errors can be
left out by a comment (`graymesh.lint.ignores`) only with `IGNORABLE = True`, when the output is sound all the same.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import import_module

from graymesh.diagnostic import Diagnostic
from graymesh.language.case import Case
from graymesh.lint.finding import Check, Finding, Rule


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """All rules, by code."""
    import graymesh.lint.rules as folder

    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    return tuple(_rule(name) for name in names)


def _rule(module_name: str) -> Rule:
    module = import_module(f"graymesh.lint.rules.{module_name}")
    code, _, name = module_name.partition("_")
    return Rule(
        code=code.upper(),
        name=name.replace("_", "-"),
        level=getattr(module, "LEVEL", "error"),
        page=module.__doc__ or "",
        check=getattr(module, "check", None),
        check_project=getattr(module, "check_project", None),
        ignorable=getattr(module, "IGNORABLE", False),
    )


def run(
    cases: Sequence[Case], select: Sequence[str] = (), ignore: Sequence[str] = (), infos: bool = True
) -> list[Diagnostic]:
    """Every finding in every case, placed in its file, in order of file and position.

    `select` and `ignore` are codes or beginnings of codes (`GM2`); an empty `select` takes all. Without `infos` those
    are left out, which saves looking for their places.
    """
    chosen = [rule for rule in all_rules() if _chosen(rule.code, tuple(select), tuple(ignore))]
    found: dict[int, list[Diagnostic]] = {id(case): [] for case in cases}
    for rule, case, finding in _findings(chosen, cases):
        if infos or _weighs(rule, case, finding):
            found[id(case)].append(case.source.place(_diagnostic(rule, finding)))
    kept = [item for case in cases for item in _heeded(case, found[id(case)], chosen)]
    kept = kept if infos else [item for item in kept if item.level != "info"]
    return sorted(kept, key=lambda item: (item.file, item.span, item.code, item.message))


def _weighs(rule: Rule, case: Case, finding: Finding) -> bool:
    """More than an info; where comments leave findings out, each may be the one that a comment is about."""
    from graymesh.lint.ignores import MARKER

    return (finding.level or rule.level) != "info" or MARKER in case.source.text


def _heeded(case: Case, found: list[Diagnostic], chosen: Sequence[Rule]) -> list[Diagnostic]:
    """The findings without those that the file's comments leave out, and what is wrong with the comments."""
    from graymesh.lint import ignores

    if ignores.MARKER not in case.source.text:
        return found
    rules = {rule.code: rule for rule in all_rules()}
    codes = {rule.code for rule in chosen}
    ran = {rule.code for rule in chosen if rule.check}
    heeded = ignores.heeded(case.source, found, rules, ran)
    return [item for item in heeded if item.code in codes]


def _findings(chosen: Sequence[Rule], cases: Sequence[Case]) -> Iterator[tuple[Rule, Case, Finding]]:
    for rule in chosen:
        if rule.check:
            yield from ((rule, case, finding) for case in cases for finding in _checked(rule.check, case))
        if rule.check_project:
            yield from ((rule, case, finding) for case, finding in rule.check_project(cases))


def _checked(check: Check, case: Case) -> Iterator[Finding]:
    """The check's findings; a question beyond the limits of what can be decided is said, at the routes it is about."""
    from graymesh.proof.normal_form import UndecidableError

    try:
        yield from check(case)
    except UndecidableError as reason:
        help_text = "simplify the audiences' regular expressions"
        message = f"this cannot be decided for the release: {reason}"
        yield Finding(path=("spec", "audiences"), message=message, help=help_text, level="warning")


def _chosen(code: str, select: tuple[str, ...], ignore: tuple[str, ...]) -> bool:
    return (not select or code.startswith(select)) and not (ignore and code.startswith(ignore))


def _diagnostic(rule: Rule, finding: Finding) -> Diagnostic:
    return Diagnostic(
        code=rule.code,
        level=finding.level or rule.level,
        message=finding.message,
        path=finding.path,
        at_key=finding.at_key,
        help=finding.help,
        notes=finding.notes,
        targets=finding.targets,
        edits=finding.edits,
    )
