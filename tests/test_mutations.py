"""Whoever changes an artifact by hand is found out: `graymesh verify` fails for every change that changes something.

The named classes run on all examples at every stage, and what is reported for them must be a real request on which the
spec and the artifact differ. The sweep changes every leaf and leaves out every entry, one at a time; each is found, or
stands with its reason in `mutations/harmless.py`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import pytest

from graymesh.compile.verify import labels_of, relabelled
from graymesh.diagnostic import Diagnostic
from graymesh.ir.release import Field, Policy, RouteTable, Share
from graymesh.ir.semantics import Decision, decide
from graymesh.ir.witness import as_command
from graymesh.kit.target import Decoded, View
from graymesh.proof.equivalence import Difference, compare
from tests.helpers import ROOT
from tests.mutations import conditions, json_mutants, nginx_mutants, yaml_mutants
from tests.mutations.harmless import HARMLESS
from tests.mutations.lines import Change, Line, artifacts, lines
from tests.mutations.mutant import Mutant
from tests.mutations.nginx_engine import NginxEngine

TRAFFIC, FACT, NOT_UNDERSTOOD = "GM901", "GM903", "GM905"
FACTS = {"endpoint", "label", "limit dropped"}
"""Classes that change what an engine is told besides routes."""

Record = Callable[[str, object], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """How one target's artifacts are changed.

    `classes` must all occur. The sweep takes one of `every` so many changes and must find at least `least`. `idle`
    tells for classes whose changes may change nothing which of them do so, by brute force; `broken` are classes that
    may leave a file that does not work, for which a refusal will do.
    """

    named: Callable[[str], Iterator[Mutant]]
    sweep: Callable[[str], Iterator[Mutant]]
    classes: set[str]
    least: int
    every: int = 1
    idle: Mapping[str, Callable[[Change], bool]]
    broken: frozenset[str] = frozenset()


ROUTED = {"bucket digit", "cookie value", "destinations swapped", "header value", "route dropped"}
ROUTED |= {"routes reordered", "timeout", "weight"}
HANDS: Mapping[str, Hand] = {
    "istio": Hand(
        named=lambda text: yaml_mutants.IstioNamed(text).all(),
        sweep=yaml_mutants.sweep,
        classes=ROUTED | {"match dropped", "endpoint", "label", "name taken"},
        least=1000,
        idle={"bucket digit": conditions.same_buckets_in_istio},
        broken=frozenset(["name taken"]),
    ),
    "nginx": Hand(
        named=nginx_mutants.named,
        sweep=nginx_mutants.sweep,
        classes=ROUTED | {"map entry dropped", "endpoint", "limit dropped"},
        least=1000,
        every=2,
        idle={
            "bucket digit": conditions.same_buckets_in_nginx,
            "map entry dropped": conditions.same_answers_in_nginx,
            "limit dropped": conditions.same_answers_in_nginx,
        },
        broken=frozenset(["map entry dropped", "catch-all dropped"]),
    ),
    "spring-cloud-gateway": Hand(
        named=lambda text: yaml_mutants.SpringNamed(text).all(),
        sweep=yaml_mutants.sweep,
        classes=ROUTED | {"predicate dropped", "header sent", "endpoint"},
        least=1000,
        idle={"bucket digit": conditions.same_buckets_in_spring},
    ),
    "sentinel": Hand(
        named=json_mutants.named,
        sweep=json_mutants.sweep,
        classes={"count", "grade", "pattern", "resource", "rule dropped", "window"},
        least=100,
        idle={},
    ),
}


@pytest.mark.parametrize("name", HANDS)
def test_what_graymesh_wrote_is_verified(name: str) -> None:
    for line in lines(name):
        assert line.findings(line.target.decode(line.files)) == []


@pytest.mark.parametrize("name", HANDS)
def test_named_changes_are_found_with_a_witness(name: str, record_property: Record) -> None:
    hand, killed = HANDS[name], Counter[str]()
    for line, file in artifacts(name):
        for mutant in hand.named(line.files[file]):
            change = Change(line, file, mutant)
            fleet = change.read()
            found = line.findings(fleet)
            if not found:
                assert mutant.kind in hand.idle and hand.idle[mutant.kind](change), described(change, found)
                continue
            assert shown(change, fleet, found) or refused(change, found), described(change, found)
            killed[mutant.kind] += 1
    assert killed.keys() >= hand.classes, hand.classes - killed.keys()
    record_property(f"mutations:{name}", killed.total())


@pytest.mark.parametrize("name", HANDS)
def test_every_other_change_is_found_or_harmless(name: str, record_property: Record) -> None:
    killed, survived, used = 0, list[str](), set[str]()
    for change in swept(name):
        if change.found():
            killed += 1
            continue
        reasons = [entry.place for entry in HARMLESS[name] if entry.covers(change)]
        used.update(reasons)
        survived += [] if reasons else [described(change, [])]
    assert not survived, "\n".join([f"{len(survived)} changes were not found:", *survived])
    idle = {entry.place for entry in HARMLESS[name]} - used
    assert not idle, f"nothing needs these entries any more: {sorted(idle)}"
    assert killed >= HANDS[name].least
    record_property(f"mutations:{name}", killed)


def swept(name: str) -> Iterator[Change]:
    """The changes of the sweep; one that several stages share once, and of those a fixed part."""
    seen: set[str] = set()
    for line, file in artifacts(name):
        for mutant in HANDS[name].sweep(line.files[file]):
            where = "" if name == "nginx" else file  # there a place names its blocks, and servers are much alike
            key = " ".join((line.project, where, mutant.place, mutant.change))
            if key not in seen and crc32(key.encode()) % HANDS[name].every == 0:
                yield Change(line, file, mutant)
            seen.add(key)


def test_nginx_in_small_sends_requests_where_the_spec_says() -> None:
    """The evaluator that tells idle changes from others is right about the files as they were written."""
    for line in lines("nginx"):
        engine = NginxEngine(line.files)
        for view, host, table in tables(line):
            for request in conditions.requests_of(line):
                if request.host == host:
                    met = {said[1] for answer in engine.answers(request) for said in answer if said[0] == "proxy_pass"}
                    assert met == {f"http://{share.version}" for share in decide(table, request).shares}, (
                        view,
                        request,
                    )


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All examples, compiled on disk."""
    folder = tmp_path_factory.mktemp("examples") / "examples"
    shutil.copytree(ROOT / "examples", folder, ignore=shutil.ignore_patterns("rendered"))
    for story in ("shop", "sticky"):
        done = graymesh("compile", folder / story)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.parametrize("story", ["shop", "sticky"])
def test_a_clean_folder_is_verified(compiled: Path, story: str) -> None:
    done = graymesh("verify", compiled / story)
    assert done.returncode == 0, done.stdout


@dataclass(frozen=True, slots=True)
class OnDisk:
    """Texts of one file of a story that are replaced; `told` is the file that the finding names."""

    story: str
    file: str
    edits: tuple[tuple[str, str], ...]
    code: str = TRAFFIC
    told: str = ""


ON_DISK = [
    OnDisk("shop", "istio/default.cart-service.yaml", (("exact: v8", "exact: v7"),)),
    OnDisk("shop", "nginx/default.cart-service.conf", (("\n    0.5% ", "\n    1.5% "),)),
    OnDisk("shop", "spring-cloud-gateway/application-graymesh.yaml", (("regexp: v2", "regexp: v1"),)),
    OnDisk("shop", "sentinel/product-service/v2/flow-rules.json", (('"count": 500', '"count": 50'),), FACT),
    OnDisk("sticky", "istio/web.search.yaml", (("weight: 15", "weight: 20"), ("weight: 30", "weight: 25"))),
    OnDisk("sticky", "nginx/web.search.conf", (("15% ", "16% "),)),
    OnDisk(
        "sticky",
        "spring-cloud-gateway/application-graymesh.yaml",
        (("weight.weight: 1500", "weight.weight: 2000"), ("weight.weight: 3000", "weight.weight: 2500")),
    ),
]


@pytest.mark.parametrize("case", ON_DISK, ids=lambda case: f"{case.story}-{case.file.partition('/')[0]}")
def test_an_edited_file_fails_on_the_command_line(compiled: Path, tmp_path: Path, case: OnDisk) -> None:
    folder = tmp_path / case.story
    shutil.copytree(compiled / case.story, folder)
    edited = folder / "rendered" / case.file
    text = edited.read_text(encoding="utf-8")
    for old, new in case.edits:
        assert old in text
        text = text.replace(old, new, 1)
    edited.write_text(text, encoding="utf-8")
    done = graymesh("verify", folder)
    assert done.returncode == 1
    for wanted in (case.code, case.told or case.file, "curl "):
        assert wanted in done.stdout, done.stdout


def graymesh(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command line on a project."""
    words = [sys.executable, "-m", "graymesh", command, str(folder)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)


def described(change: Change, found: list[Diagnostic]) -> str:
    """How to do it again, and what was said."""
    line, mutant = change.line, change.mutant
    place = f"{line.project}/{line.job.folder}/{change.file}: {mutant.kind} {mutant.place}: {mutant.change}"
    return "\n    ".join([place, *(f"{each.code} {each.message} ({each.help})" for each in found)])


def shown(change: Change, fleet: Decoded, found: list[Diagnostic]) -> bool:
    """Does a finding of the right code name a request, and does that request really meet something else?"""
    if not change.line.target.manifest.routes:
        return {each.code for each in found} <= {FACT, "GM904", NOT_UNDERSTOOD, "GM906"}
    facts = [each for each in found if each.code == FACT]
    told = {each.help.removeprefix("witness: ") for each in found if each.code == TRAFFIC}
    real = told == set(differences(change.line, fleet)) and all(
        "curl " in each.help or idle(change.line, each) for each in facts
    )
    return real and bool(told if change.mutant.kind not in FACTS else facts)


def refused(change: Change, found: list[Diagnostic]) -> bool:
    """May the file be one that no longer works, and does the decoder say so?"""
    may = change.mutant.kind in HANDS[change.line.target.manifest.name].broken
    return may and any(each.code == NOT_UNDERSTOOD for each in found)


def idle(line: Line, found: Diagnostic) -> bool:
    """Is it about a version that gets no request at this stage, so that none can show it?"""
    version = found.path[2] if found.path[:2] == ("spec", "versions") else ""
    return any(
        version in {each.name for each in view.release.versions} - set(receivers(view)) for view in line.job.views
    )


def receivers(view: View) -> Iterator[str]:
    """The versions that get requests of any route, or copies of them."""
    for route in (route for expected in view.tables for route in expected.table.routes):
        yield from (share.version for share in route.split.shares)
        yield from [route.policy.mirror.version] if route.policy.mirror else []


def tables(line: Line) -> Iterator[tuple[View, str, RouteTable]]:
    """For every host of a line the decision that is expected, under the engine's names for the versions."""
    for view in line.job.views:
        labels = labels_of(line.target, view)
        for expected in view.tables:
            table = relabelled(expected.table, labels)
            yield from ((view, host, table) for host in expected.hosts)


def differences(line: Line, fleet: Decoded) -> Iterator[str]:
    """The command that shows each difference, found anew by comparing tables and deciding with both."""
    seen: set[tuple[int, int]] = set()
    for view, host, table in tables(line):
        for service in fleet.statements:
            if host in service.hosts and (id(view), id(service)) not in seen:
                seen.add((id(view), id(service)))
                result = compare(table, service.decision)
                if isinstance(result, Difference):
                    ours, theirs = decide(table, result.request), decide(service.decision, result.request)
                    assert effect(ours) != effect(theirs), result.request
                    yield as_command(replace(result.request, host=result.request.host or host))


def effect(decision: Decision) -> tuple[dict[Share, int], Field | None, Policy | None]:
    """Who gets how much, with which headers and cookie; by which key, where there is a choice; and the policy."""
    shares: Counter[Share] = Counter()
    for share in decision.shares:
        shares[replace(share, basis_points=0)] += share.basis_points
    route = decision.route
    return dict(shares), route.split.key if route and len(shares) > 1 else None, route.policy if route else None
