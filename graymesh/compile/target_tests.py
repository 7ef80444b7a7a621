"""Runs the tests that a release carries on the release itself and on what a target's files are read back to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from graymesh.compile.compiler import decoded
from graymesh.diagnostic import Diagnostic
from graymesh.did_you_mean import quoted
from graymesh.ir.release import Release
from graymesh.ir.semantics import Request, host_without_port
from graymesh.ir.witness import as_command, in_words
from graymesh.ir.wording import shares_in_words, why
from graymesh.kit.deciding import decided_by
from graymesh.kit.target import HostTable, Manifest, Statement, View
from graymesh.language.case import Case
from graymesh.language.expectations import SpecTest
from graymesh.language.spec_tests import check as holds
from graymesh.language.spec_tests import failures as failed
from graymesh.language.spec_tests import judged, request_of, shares_of


def failures(case: Case, targets: Sequence[str] = ()) -> Iterator[Diagnostic]:
    """Every test that fails, placed in the spec: on the release (GM213), and on each target, or on these (GM907).

    Each is tried at every stage where it is judged. One that the release itself fails is not tried on targets.
    """
    tests, cookie = case.rollout.spec.tests, case.ticket_cookie
    wrong = {item.index: item for item in failed(case.stages, tests, cookie)}
    for failure in wrong.values():
        yield _placed(case, failure.index, "GM213", failure.message, failure.request)
    right = [
        (index, test, {release.stage for release in judged(case.stages, test)})
        for index, test in enumerate(tests)
        if index not in wrong
    ]
    for manifest in case.targets:
        if case.view(manifest).tables and (not targets or manifest.name in targets):
            for release in case.stages:
                there = [(index, test) for index, test, stages in right if release.stage in stages]
                yield from _on_target(case, manifest, release, there)


def _on_target(
    case: Case, manifest: Manifest, release: Release, tests: Sequence[tuple[int, SpecTest]]
) -> Iterator[Diagnostic]:
    view, cookie = case.view(manifest, release), case.ticket_cookie
    services = decoded(case, release, manifest.name) if tests else []
    for index, test in tests:
        request = request_of(test.request, view.tables[0].hosts[0], cookie)
        expected = _table_for(view, request)
        if expected is None or (_full(view, expected) and not holds(expected.table, test, request.host, cookie)):
            continue  # another engine's host, or a loss that the release accepts for this target
        for service in services:
            if host_without_port(request.host) in service.hosts:
                yield from _failures(case, manifest, index, request, test, service, _full(view, expected), release)


def _table_for(view: View, request: Request) -> HostTable | None:
    host = host_without_port(request.host)
    return next((table for table in view.tables if host in table.hosts), None)


def _full(view: View, table: HostTable) -> bool:
    """Does the target decide for these hosts by itself, or follow the lane header?"""
    return view.role == "alone" or (view.role == "edge" and (table.public or len(view.tables) == 1))


def _failures(
    case: Case,
    manifest: Manifest,
    index: int,
    request: Request,
    test: SpecTest,
    service: Statement,
    full: bool,
    release: Release,
) -> Iterator[Diagnostic]:
    lane = release.lane
    where = f" at stage {quoted(release.stage)}" if release.stage else ""
    sent = [(request, dict(test.expect))]
    if not full and lane:  # what the edge would send on
        headers = [(*request.headers, (lane.header, version)) for version, share in test.expect.items() if share]
        sent = [(replace(request, headers=one), {one[-1][1]: 10_000}) for one in headers]
    for each, expected in sent:
        decision = decided_by(manifest, service.decision, each)
        if shares_of(decision) != {version: share for version, share in expected.items() if share}:
            got = f"got {shares_in_words(shares_of(decision))}: {why(decision)}"
            said = f"test {index + 1} fails on {manifest.name}{where}: {in_words(each)}"
            message = f"{said}: expected {shares_in_words(expected)}, {got}"
            yield _placed(case, index, "GM907", message, each, (manifest.name,))


def _placed(
    case: Case, index: int, code: str, message: str, request: Request, targets: tuple[str, ...] = ()
) -> Diagnostic:
    help_ = f"the request: {as_command(request)}"
    path = ("spec", "tests", index, "expect")
    return case.source.place(Diagnostic(code=code, message=message, path=path, help=help_, targets=targets))
