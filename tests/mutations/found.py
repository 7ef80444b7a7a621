"""Whoever changes an artifact by hand is found out, for one target: each function fails with what was not found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from zlib import crc32

from graymesh.compile.verify import labels_of, relabelled
from graymesh.diagnostic import Diagnostic
from graymesh.ir.release import Field, Policy, RouteTable, Share
from graymesh.ir.semantics import Decision, decide
from graymesh.ir.witness import as_command
from graymesh.kit.target import Decoded, Target, View
from graymesh.proof.equivalence import Difference, compare
from tests.mutations.hands import FACTS, hand_of, harmless, sweep
from tests.mutations.lines import Change, Line, artifacts, lines

TRAFFIC, FACT, NOT_UNDERSTOOD = "GM901", "GM903", "GM905"


def what_was_written_is_verified(chosen: Target) -> None:
    """Every file as it was emitted."""
    assert lines(chosen.manifest.name)
    for line in lines(chosen.manifest.name):
        assert line.findings(line.target.decode(line.files)) == []


def named_changes_found(chosen: Target) -> int:
    """How many changes of the named classes were found, each with a witness that really meets something else."""
    hand, killed = hand_of(chosen), Counter[str]()
    for line, file in artifacts(chosen.manifest.name):
        for mutant in filter(hand.takes, hand.named(line.files[file])):
            change = Change(line, file, mutant)
            fleet = change.read()
            found = line.findings(fleet)
            if not found:
                assert mutant.kind in hand.idle and hand.idle[mutant.kind](change), described(change, found)
                continue
            assert shown(change, fleet, found) or refused(change, found), described(change, found)
            killed[mutant.kind] += 1
    assert killed.keys() >= hand.classes, hand.classes - killed.keys()
    return killed.total()


def other_changes_found(chosen: Target) -> int:
    """How many changes of the sweep were found; all others must have their reason."""
    killed, survived, used = 0, list[str](), set[str]()
    for change in _swept(chosen):
        if change.found():
            killed += 1
            continue
        reasons = [entry.place for entry in harmless(chosen) if entry.covers(change)]
        used.update(reasons)
        survived += [] if reasons else [described(change, [])]
    assert not survived, "\n".join([f"{len(survived)} changes were not found:", *survived])
    idle = {entry.place for entry in harmless(chosen)} - used
    assert not idle, f"nothing needs these entries any more: {sorted(idle)}"
    return killed


def _swept(chosen: Target) -> Iterator[Change]:
    """The changes of the sweep; one that several stages share once, and of those a fixed part."""
    hand, seen = hand_of(chosen), set[str]()
    for line, file in artifacts(chosen.manifest.name):
        for mutant in sweep(chosen, file, line.files[file]):
            where = "" if hand.places_tell else file
            key = " ".join((line.project, where, mutant.place, mutant.change))
            if key not in seen and crc32(key.encode()) % hand.every == 0:
                yield Change(line, file, mutant)
            seen.add(key)


def described(change: Change, found: list[Diagnostic]) -> str:
    """How to do it again, and what was said."""
    line, mutant = change.line, change.mutant
    place = f"{line.project}/{line.job.folder}/{change.file}: {mutant.kind} {mutant.place}: {mutant.change}"
    return "\n    ".join([place, *(f"{each.code} {each.message} ({each.help})" for each in found)])


def shown(change: Change, fleet: Decoded, found: list[Diagnostic]) -> bool:
    """Does a finding of the right code name a request, and does that request really meet something else?"""
    if not any(view.tables for view in change.line.job.views):
        return {each.code for each in found} <= {FACT, "GM904", NOT_UNDERSTOOD, "GM906"}
    facts = [each for each in found if each.code == FACT]
    told = {each.help.removeprefix("witness: ") for each in found if each.code == TRAFFIC}
    real = told == set(differences(change.line, fleet)) and all(
        "curl " in each.help or idle(change.line, each) for each in facts
    )
    return real and bool(told if change.mutant.kind not in FACTS else facts)


def refused(change: Change, found: list[Diagnostic]) -> bool:
    """May the file be one that no longer works, and does the decoder say so?"""
    may = change.mutant.kind in hand_of(change.line.target).broken
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


def effect(decision: Decision) -> tuple[dict[Share, int], Share | None, Field | None, Policy | None]:
    """Who gets how much, with which headers and cookie; who without a ticket; by which key; and the policy."""
    shares: Counter[Share] = Counter()
    for share in decision.shares:
        shares[replace(share, basis_points=0)] += share.basis_points
    route = decision.route
    return (
        dict(shares),
        route and route.split.otherwise,
        route.split.key if route and len(shares) > 1 else None,
        route.policy if route else None,
    )
