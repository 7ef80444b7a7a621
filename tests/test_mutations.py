"""Whoever changes an artifact by hand is found out: `graymesh verify` fails for every change that changes something.

The named classes run on all examples at every stage, and what is reported for them must be a real request on which the
spec and the artifact differ. The sweep changes every leaf and leaves out every entry, one at a time; each is found, or
stands with its reason in `mutations/harmless.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from graymesh.diagnostic import Diagnostic
from graymesh.equivalence import Difference, compare
from graymesh.ir import Policy, Share
from graymesh.semantics import Decision, decide
from graymesh.target import DecodedFleet
from graymesh.verify import labels_of, relabelled
from graymesh.witness import as_command
from tests.mutations import harmless, json_mutants, yaml_mutants
from tests.mutations.lines import Line, artifacts
from tests.mutations.mutant import Mutant

TRAFFIC, FACT = "GM901", "GM903"
FACTS = {"endpoint", "label", "count", "grade", "resource", "window", "pattern", "rule dropped"}
"""Classes that change what an engine is told besides routes."""

EVERYWHERE = {"bucket digit", "cookie value", "destinations swapped", "header value", "route dropped", "weight"}
EVERYWHERE |= {"endpoint", "routes reordered", "timeout"}


@dataclass(frozen=True, slots=True)
class Hand:
    """How one target's artifacts are changed; `classes` must all occur, `least` is how many changes must be found."""

    named: Callable[[str], Iterator[Mutant]]
    sweep: Callable[[str], Iterator[Mutant]]
    classes: frozenset[str]
    least: int
    meaningless: Callable[[str, str], bool] = lambda _before, _after: False


HANDS: Mapping[str, Hand] = {
    "istio": Hand(
        named=lambda text: yaml_mutants.IstioNamed(text).all(),
        sweep=yaml_mutants.sweep,
        classes=frozenset({*EVERYWHERE, "match dropped", "label"}),
        least=1000,
        meaningless=harmless.same_buckets_in_istio,
    ),
    "spring-cloud-gateway": Hand(
        named=lambda text: yaml_mutants.SpringNamed(text).all(),
        sweep=yaml_mutants.sweep,
        classes=frozenset({*EVERYWHERE, "predicate dropped", "header sent"}),
        least=1000,
        meaningless=harmless.same_buckets_in_spring,
    ),
    "sentinel": Hand(
        named=json_mutants.named,
        sweep=json_mutants.sweep,
        classes=frozenset({"count", "grade", "resource", "rule dropped", "window"}),
        least=100,
    ),
}


@pytest.mark.parametrize("name", HANDS)
def test_what_graymesh_wrote_is_verified(name: str) -> None:
    for line, file in artifacts(name):
        assert line.findings(line.read(file, line.files[file])) == []


@pytest.mark.parametrize("name", HANDS)
def test_named_changes_are_found_with_a_witness(name: str, record_property: Callable[[str, object], None]) -> None:
    hand, killed = HANDS[name], Counter[str]()
    for line, file in artifacts(name):
        for mutant in hand.named(line.files[file]):
            fleet = line.read(file, mutant.text)
            found = line.findings(fleet)
            if mutant.kind == "bucket digit" and hand.meaningless(line.files[file], mutant.text):
                assert not found, described(line, file, mutant, found)
                continue
            assert found, described(line, file, mutant, found)
            if line.target.manifest.routes:
                assert shown_by_witness(line, fleet, mutant, found), described(line, file, mutant, found)
            killed[mutant.kind] += 1
    assert killed.keys() >= hand.classes, hand.classes - killed.keys()
    record_property(f"mutations:{name}", killed.total())


@pytest.mark.parametrize("name", HANDS)
def test_every_other_change_is_found_or_harmless(name: str, record_property: Callable[[str, object], None]) -> None:
    killed, survived, used = 0, [], set()
    for line, file in artifacts(name):
        before = line.files[file]
        for mutant in HANDS[name].sweep(before):
            found = line.findings(line.read(file, mutant.text))
            if found:
                killed += 1
                continue
            reasons = [entry for entry in harmless.HARMLESS if entry.covers(name, mutant, before)]
            used |= set(reasons)
            if not reasons:
                survived.append(described(line, file, mutant, found))
    assert not survived, "\n".join([f"{len(survived)} changes were not found:", *survived[:50]])
    stale = [entry.place for entry in harmless.HARMLESS if entry.target == name and entry not in used]
    assert not stale, f"nothing needs these entries any more: {stale}"
    assert killed >= HANDS[name].least
    record_property(f"mutations:{name}", killed)


def described(line: Line, file: str, mutant: Mutant, found: list[Diagnostic]) -> str:
    """How to do it again, and what was said."""
    place = f"{line.project}/{line.job.folder}/{file}: {mutant.kind} {mutant.place}: {mutant.change}"
    return "\n    ".join([place, *(f"{each.code} {each.message} ({each.help})" for each in found)])


def shown_by_witness(line: Line, fleet: DecodedFleet, mutant: Mutant, found: list[Diagnostic]) -> bool:
    """Does a finding of the right code name a request, and does that request really meet something else?"""
    if mutant.kind in FACTS:
        return any(each.code == FACT and "curl " in each.help for each in found)
    told = {each.help.removeprefix("witness: ") for each in found if each.code == TRAFFIC}
    return bool(told) and told == set(differences(line, fleet))


def differences(line: Line, fleet: DecodedFleet) -> Iterator[str]:
    """The command that shows each difference, found anew by comparing tables and deciding with both."""
    for view in line.job.views:
        labels = labels_of(line.target, view.release)
        for expected in view.tables:
            table, seen = relabelled(expected.table, labels), set()
            for host in expected.hosts:
                for service in fleet.services:
                    if host not in service.hosts or id(service) in seen:
                        continue
                    seen.add(id(service))
                    result = compare(table, service.table)
                    if isinstance(result, Difference):
                        ours, theirs = decide(table, result.request), decide(service.table, result.request)
                        assert effect(ours) != effect(theirs), result.request
                        yield as_command(with_host(result, host))


def with_host(result: Difference, host: str):
    from dataclasses import replace

    return replace(result.request, host=result.request.host or host)


def effect(decision: Decision) -> tuple[dict[Share, int], Policy | None]:
    """Who gets how much, with which headers and cookie, and the policy: no more than what a client would notice."""
    shares: Counter[Share] = Counter()
    for share in decision.shares:
        shares[Share(**{**{key: getattr(share, key) for key in NOTICED}, "basis_points": 0})] += share.basis_points
    return dict(shares), decision.route.policy if decision.route else None


NOTICED = ("version", "set_cookie", "request_headers", "response_headers")
