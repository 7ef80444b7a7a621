"""What other tools have got wrong is found out: every replay is caught, by its code and with its witness.

`said.txt` is a snapshot: `pytest --snapshot-update tests/test_replay.py`. `tests/conformance/test_replay_traffic.py`
shows the same mistakes on the engines themselves.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from syrupy.assertion import SnapshotAssertion

from graymesh.compile.compiler import ALL, Selection, compile_project
from graymesh.compile.verify import labels_of, relabelled
from graymesh.ir.semantics import Decision, decide
from graymesh.language.project import Project
from graymesh.report import text
from tests.replays import Replay, replays, request_in
from tests.test_cases import CaseFiles

REPLAYS = {each.name: each for each in replays()}


@pytest.fixture
def replay(name: str) -> Replay:
    return REPLAYS[name]


class Said(CaseFiles):
    def is_snapshot_location(self, *, location: str) -> bool:
        return location.endswith("/said.txt")


@pytest.mark.parametrize("name", REPLAYS)
def test_the_mistake_is_found(replay: Replay, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(replay.folder)
    found = replay.findings()
    assert [each.code for each in found] == list(replay.codes)
    assert text.render(found, {}) == snapshot.use_extension(Said)(name=f"replay/{replay.name}/said.txt")


@pytest.mark.parametrize("name", [name for name, each in REPLAYS.items() if each.printed])
def test_its_witness_is_printed(replay: Replay) -> None:
    assert any(each.help.endswith(replay.printed) for each in replay.findings())


@pytest.mark.parametrize("name", REPLAYS)
def test_what_graymesh_compiles_is_right(replay: Replay) -> None:
    project = Project(root=replay.folder, releases=(replay.mended,), output=replay.folder / "rendered")
    done = compile_project(project, Selection(stage=ALL if replay.stages else None), lambda *_: None)
    assert done.files
    assert not done.failed
    assert not set(replay.codes) & {each.code for each in done.diagnostics}


@pytest.mark.parametrize("name", [name for name, each in REPLAYS.items() if "GM901" in each.codes])
def test_the_witness_tells_the_two_apart(replay: Replay) -> None:
    """By the reference alone: what was read of the wrong artifacts does not do with the request what the spec says."""
    apart = []
    for stage in replay.stages or ("",):
        view = replay.view((replay.folder / "spec.yaml").read_text(encoding="utf-8"), stage)
        (expected,) = (each.table for each in view.tables if replay.request.host in each.hosts)
        services = replay.engine.decode(replay.wrong_files(stage)).statements
        (service,) = (each for each in services if replay.request.host in each.hosts)
        names = {label: name for name, label in labels_of(replay.engine, view).items()}
        done = decide(relabelled(service.decision, names), replay.request)
        apart.append(_done(done) != _done(decide(expected, replay.request)))
    assert any(apart)


def test_there_is_enough_of_them() -> None:
    assert len(REPLAYS) >= 20
    assert {each.target for each in REPLAYS.values()} == {"istio", "nginx", "spring-cloud-gateway", "sentinel"}


@pytest.mark.parametrize("name", REPLAYS)
def test_who_made_it_is_told(replay: Replay) -> None:
    first = (replay.folder / "spec.yaml").read_text(encoding="utf-8").partition("\n")[0]
    assert first.startswith("# ")
    assert ":" in first


def test_a_printed_command_is_read_back() -> None:
    request = request_in("curl -X POST -H 'X-A: b: c' -b 'a=1; b=2=3' 'http://shop.example.com/x/y?q=1&r='")
    assert (request.method, request.host, request.path) == ("POST", "shop.example.com", "/x/y")
    assert request.headers == (("X-A", "b: c"),)
    assert request.cookies == (("a", "1"), ("b", "2=3"))
    assert request.query == (("q", "1"), ("r", ""))


def _done(decision: Decision) -> tuple[object, ...]:
    shares = tuple(replace(share, origin=()) for share in decision.shares if share.basis_points)
    return (shares, decision.route.policy if decision.route else None)
