r"""A condition that asks for values which the release's engines read differently.

Spring decodes a query and takes `+` for a blank, nginx and Envoy compare it as it stands; Spring takes the quotes off a
cookie and drops one with a comma, the others keep both. Where every value that a condition asks for is of that kind,
the engines of one release do different things with the same request: an error. A pattern that names such a character
beside others is a warning. Patterns like `.*`, which take such values among all others, are not reported: nobody asked
for these values. `graymesh route SPEC -t nginx` says what an engine makes of a request.

bad: |
  targets: {nginx: {}, spring-cloud-gateway: {}}
  audiences: {beta: [{query: {tags: {regex: "red[+]blue"}}}]}
  routes: [{name: beta, audience: beta, version: v2}]
good: |
  targets: {nginx: {}, spring-cloud-gateway: {}}
  audiences: {beta: [{query: {tags: {regex: "red[,:]blue"}}}]}
  routes: [{name: beta, audience: beta, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diagnostic import Level
from graymesh.ir.release import Kind, OneOf, Regex, Test
from graymesh.ir.semantics import describe
from graymesh.language.case import Case
from graymesh.lint.capabilities import audience_tests, decides, written
from graymesh.lint.finding import Finding
from graymesh.proof.classes import explored_states
from graymesh.proof.equivalence import STEPS_OF_A_STATE, Steps
from graymesh.proof.normal_form import simplest
from graymesh.proof.regex.domain import ALWAYS_THERE, characters_alike
from graymesh.proof.regex.portable import named


def check(case: Case) -> Iterator[Finding]:
    """Every such test of an audience, where at least two deciding targets read its field differently."""
    steps = Steps()
    for path, test in audience_tests(case):
        readers = _readers(case, test.field.kind)
        found = _asked(test, steps) if len(readers) > 1 else None
        if found:
            yield Finding(
                path=(*path, *written(case, path, test)),
                level=found[0],
                message=f"{describe(test)}: {found[1]}",
                help="; ".join(f"{', '.join(names)}: {how}" for how, names in readers.items()),
                targets=tuple(target for names in readers.values() for target in names),
            )


def _readers(case: Case, kind: Kind) -> dict[str, list[str]]:
    """How the deciding targets read the field on the wire, with the targets that do."""
    found: dict[str, list[str]] = {}
    for manifest in case.targets:
        if kind in manifest.reads and decides(case, manifest):
            found.setdefault(manifest.reads[kind], []).append(manifest.name)
    return found


def _asked(test: Test, steps: Steps) -> tuple[Level, str] | None:
    if not isinstance(test.matcher, Regex):
        return None  # the language takes other values only where all engines read them alike
    matcher = simplest(test.field, test.matcher)
    if matcher == OneOf(()):
        return None
    states, explored = explored_states(test.field.kind, (matcher,))
    steps.spend(STEPS_OF_A_STATE * explored)
    taken = [state for state in states if state.truth & 1 and state.values]
    if taken and not any(state.alike for state in taken):
        return "error", f"every such value, like {taken[0].values[0]!r}, is read differently by these engines"
    odd = named(test.matcher.pattern, characters_alike(test.field.kind)) if test.field.kind not in ALWAYS_THERE else ""
    return ("warning", f"{odd!r} is read differently by these engines") if odd else None
