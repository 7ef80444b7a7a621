"""Whoever changes an artifact by hand is found out: `graymesh verify` fails for every change that changes something.

The named classes run on all examples at every stage, and what is reported for them must be a real request on which the
spec and the artifact differ. The sweep changes every leaf and leaves out every entry, one at a time; each is found, or
stands with its reason in `mutations/harmless.py`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from graymesh.ir.semantics import decide
from graymesh.kit.registry import target, target_names
from tests.helpers import ROOT
from tests.mutations import conditions, found
from tests.mutations.found import FACT, TRAFFIC, tables
from tests.mutations.hands import HANDS, hand_of
from tests.mutations.lines import lines
from tests.mutations.nginx_engine import NginxEngine

Record = Callable[[str, object], None]


@pytest.mark.parametrize("name", target_names())
def test_what_graymesh_wrote_is_verified(name: str) -> None:
    found.what_was_written_is_verified(target(name))


@pytest.mark.parametrize("name", target_names())
def test_named_changes_are_found_with_a_witness(name: str, record_property: Record) -> None:
    record_property(f"mutations:{name}", found.named_changes_found(target(name)))


@pytest.mark.parametrize("name", target_names())
def test_every_other_change_is_found_or_harmless(name: str, record_property: Record) -> None:
    killed = found.other_changes_found(target(name))
    assert killed >= hand_of(target(name)).least
    record_property(f"mutations:{name}", killed)


def test_hands_are_those_of_targets() -> None:
    assert set(HANDS) <= set(target_names())


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
    OnDisk("shop", "istio/default.cart-service.routes.yaml", (("exact: v8", "exact: v7"),)),
    OnDisk("shop", "nginx/default.cart-service.conf", (("d(?:[0-5][0-9a-f]", "d(?:[0-9][0-9a-f]"),)),
    OnDisk("shop", "spring-cloud-gateway/application-graymesh.yaml", (("regexp: v2", "regexp: v1"),)),
    OnDisk("shop", "sentinel/product-service/v2/flow-rules.json", (('"count": 500', '"count": 50'),), FACT),
    OnDisk("sticky", "istio/web.search.routes.yaml", (("(?:5(?:1(?:b[9a-f]", "(?:5(?:1(?:b[0-9a-f]"),)),
    OnDisk("sticky", "nginx/web.search.conf", (("(?:5(?:1(?:b[9a-f]", "(?:5(?:1(?:b[0-9a-f]"),)),
    OnDisk(
        "sticky",
        "spring-cloud-gateway/application-graymesh.yaml",
        (("weight.weight: 500", "weight.weight: 1000"), ("weight.weight: 500", "weight.weight: 0")),
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
