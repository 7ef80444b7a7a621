"""`graymesh init`: whatever is answered, the project compiles, is clean and passes its own tests."""

from __future__ import annotations

import itertools
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from graymesh.cli import run
from graymesh.commands.base import Terminal
from graymesh.kit.registry import target, target_names
from graymesh.language.schema import BASE, KINDS, file_name

ROOT = Path(__file__).parents[1]
SUBSETS = [
    names for size in range(1, len(target_names()) + 1) for names in itertools.combinations(target_names(), size)
]
SECONDS = 60.0


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = run(list(arguments), Terminal())
    out, err = capsys.readouterr()
    return code, out + err


def release(folder: Path) -> dict[str, object]:
    (file,) = folder.glob("releases/*.yaml")
    return dict(yaml.safe_load(file.read_text())["spec"])


@pytest.mark.parametrize("names", SUBSETS, ids=lambda names: "+".join(names))
def test_every_choice_of_targets(names: Sequence[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "new")
    chosen = [word for name in names for word in ("-t", name)]
    code, text = said(capsys, "init", folder, "--yes", *chosen)
    if not any(target(name).manifest.routes for name in names):
        assert code == 2
        assert "chooses no version; add a target that does: istio, nginx" in text
        assert not (tmp_path / "new").exists()
        return
    assert code == 0
    code, text = said(capsys, "lint", "--no-cache", "--fail-on", "info", folder)
    assert (code, text) == (0, "")
    for command in ("test", "compile", "verify"):
        assert said(capsys, command, folder)[0] == 0
    assert {path.name for path in (tmp_path / "new" / "rendered").iterdir() if path.is_dir()} <= {".graymesh", *names}


@pytest.mark.parametrize(
    ("stages", "standing", "names"),
    [
        ("5,20,50,100", "gray-5", ["gray-5", "gray-20", "half", "full"]),
        ("0, 0.5%, 12.5, 50, 100", "internal", ["internal", "gray-0-5", "gray-12-5", "half", "full"]),
        ("0", "internal", ["internal"]),
        ("33.33,66.67,100", "gray-33-33", ["gray-33-33", "gray-66-67", "full"]),
    ],
)
def test_stages(
    stages: str, standing: str, names: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "init", str(tmp_path), "--yes", "--stages", stages)[0] == 0
    spec = release(tmp_path)
    assert (spec["stage"], [stage["name"] for stage in spec["stages"]]) == (standing, names)  # type: ignore[attr-defined]
    assert said(capsys, "test", str(tmp_path))[0] == 0


@pytest.mark.parametrize(("stages", "there"), [("5,20,100", True), ("1,10,100", False), ("12.5,100", False)])
def test_who_cannot_give_such_shares_is_left_out(
    stages: str, there: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Spring Cloud Gateway draws new users among 20 tickets; whoever asks for it is told so."""
    code, text = said(capsys, "init", str(tmp_path / "any"), "--yes", "--stages", stages)
    assert (code, "spring-cloud-gateway is left out" in text) == (0, not there)
    assert ("spring-cloud-gateway" in (tmp_path / "any" / "graymesh.yaml").read_text()) == there
    code, text = said(
        capsys, "init", str(tmp_path / "named"), "--yes", "--stages", stages, "-t", "spring-cloud-gateway"
    )
    assert (code, "GM302" in text) == ((0, False) if there else (1, True))


@pytest.mark.parametrize("stages", ["x", "", "5,,6", "-1", "1e2", "101", "5,5", "0.001", "٥", "5, hold: 1h"])
def test_stages_that_are_none(stages: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(capsys, "init", str(tmp_path / "new"), "--yes", "--stages", stages)
    assert code in (1, 2), text
    assert not (tmp_path / "new").exists()
    assert "internal error" not in text


def test_every_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = "--name pay --namespace money --host pay.internal --port 90 --stable blue --canary green --stages 10,100"
    more = "--domain pay.example.com --domain p.example.com --endpoint 10.0.0.1:1 --endpoint 10.0.0.2:2 -t nginx"
    assert said(capsys, "init", str(tmp_path), *flags.split(), *more.split(), "--yes")[0] == 0
    spec = release(tmp_path)
    domains = ["pay.example.com", "p.example.com"]
    assert spec["service"] == {"host": "pay.internal", "port": 90, "domains": domains}
    assert spec["versions"] == {"blue": {"endpoints": ["10.0.0.1:1"]}, "green": {"endpoints": ["10.0.0.2:2"]}}
    assert spec["stable"] == "blue"
    assert "metadata: {name: pay, namespace: money}" in (tmp_path / "releases/pay.yaml").read_text()


def test_the_first_line_tells_editors_the_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "init", str(tmp_path), "--yes")
    files = {"rollout": tmp_path / "releases/my-service.yaml", "project": tmp_path / "graymesh.yaml"}
    assert files.keys() == KINDS.keys()
    for kind, file in files.items():
        assert file.read_text().startswith(f"# yaml-language-server: $schema={BASE}{file_name(kind)}\n")


def on_a_terminal(answers: Sequence[str], *arguments: str) -> tuple[int, str]:
    """Runs `graymesh init` with a terminal for its standard streams; gives an answer to every question it asks."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "graymesh", "init", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, close_fds=True)
    os.close(theirs)
    text, left, deadline = "", list(answers), time.monotonic() + SECONDS
    try:
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 0.2)[0]:
                continue
            read = os.read(ours, 65_536)
            text += read.decode()
            if text.endswith("]: ") and left:
                answer = left.pop(0)
                os.write(ours, answer.encode() + b"\n")
    except OSError:  # the other end is closed: it is over
        pass
    finally:
        os.close(ours)
        if process.poll() is None and time.monotonic() >= deadline:
            process.kill()
    return process.wait(timeout=SECONDS), text


def test_asks_on_a_terminal(tmp_path: Path) -> None:
    answers = ["pay", "money", "x", "90", "", "blue", "green", "0,q", "10, 50, 100", "isto", "istio, nginx"]
    code, text = on_a_terminal(answers, str(tmp_path))
    assert code == 0, text
    spec = release(tmp_path)
    assert spec["service"] == {"port": 90, "domains": ["pay.example.com"]}
    assert (spec["stable"], list(spec["versions"])) == ("blue", ["blue", "green"])  # type: ignore[call-overload]
    assert [stage["weight"] for stage in spec["stages"]] == [10, 50, 100]  # type: ignore[attr-defined]
    assert list(yaml.safe_load((tmp_path / "graymesh.yaml").read_text())["targets"]) == ["istio", "nginx"]
    for words in ("not a valid integer", "'q' is not a weight", "did you mean 'istio'?", "wrote"):
        assert words in text


def test_asks_only_what_is_not_given(tmp_path: Path) -> None:
    given = "--name pay --namespace money --port 90 --stable v1 --canary v2 --stages 10,50,100 -t istio"
    code, text = on_a_terminal([""], str(tmp_path), *given.split())
    assert (code, text.count("]: ")) == (0, 1)
    assert "Its public host names [pay.example.com]: " in text


def test_every_default_by_return(tmp_path: Path) -> None:
    assert on_a_terminal([""] * 9, str(tmp_path / "asked"))[0] == 0
    assert on_a_terminal([], str(tmp_path / "yes"), "--yes")[0] == 0
    texts = [(tmp_path / folder / "releases/my-service.yaml").read_text() for folder in ("asked", "yes")]
    assert texts[0] == texts[1]
