"""The documentation holds: its first release compiles, its commands run or parse, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import click
import pytest
import yaml

from graymesh.cli import COMMANDS, cli
from graymesh.commands.base import Terminal
from tests.helpers import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    *sorted(ROOT.glob("targets/*/README.md")),
    *sorted(ROOT.glob("examples/**/README.md")),
]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPEC = next(text for language, text in FENCE.findall(README) if "kind: Rollout" in text)
STORY = [
    line.partition("#")[0].strip()
    for language, text in FENCE.findall(README)
    if language == "sh"
    for line in text.splitlines()
    if line.startswith("graymesh ")
]
INLINE = sorted(
    {
        " ".join(found.split())
        for page in PAGES
        for found in re.findall(r"`(graymesh [^`]+)`", FENCE.sub("", page.read_text(encoding="utf-8")))
    }
)
STRANGER = """
upstream a { server 192.0.2.1:80; }
server { listen 80; server_name a.test; location / { proxy_pass http://a; } }
"""


def test_the_first_release_and_every_command_beside_it_run(tmp_path: Path) -> None:
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / "product-service.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "old.conf").write_text(STRANGER, encoding="utf-8")
    assert len(STORY) > 5
    for line in STORY:
        command = [sys.executable, "-m", "graymesh", *shlex.split(line)[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("line", INLINE)
def test_commands_in_passing_are_understood(line: str) -> None:
    """What comes after a pipe or a redirection is the shell's, and a file may be left out where none is meant."""
    words = shlex.split(re.split(r"[|>…]|\\", line)[0].replace("bash|zsh|fish|powershell", "bash"))[1:]
    if not words or words[0] not in COMMANDS:
        assert not words or words[0].startswith("-"), f"there is no command {words[0]!r}"
        return
    command = cli.get_command(click.Context(cli), words[0])
    assert command is not None
    options = [re.sub("^FORMAT=PATH$", "json=x.json", word) for word in words[1:]]
    with suppress(click.MissingParameter):
        command.make_context(words[0], options, parent=click.Context(cli, obj=Terminal()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        assert re.match("https?://", target) or (page.parent / target).exists(), target
    named = re.findall(r"`((?:graymesh|schemas|targets|examples|tests|templates)/[\w./-]+)`", text)
    for name in named:
        assert (ROOT / name.rstrip("/")).exists(), name


def test_the_workflow_of_the_readme_gives_no_more_than_is_needed() -> None:
    text = next(text for language, text in FENCE.findall(README) if "runs-on:" in text)
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow[True] == "pull_request", "YAML 1.1 reads `on` as true"
    steps = workflow["jobs"]["graymesh"]["steps"]
    assert steps[0]["with"]["persist-credentials"] is False
    uses = re.findall(r"uses: (.*)", text)
    assert len(uses) == len(steps)
    others = [each for each in uses if not each.startswith("OWNER/graymesh@")]
    assert [each for each in others if not re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v[\d.]+", each)] == []
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    said = next(each for each in uses if each not in others).partition("inputs: ")[2]
    assert said.split(", ") == list(action["inputs"])


def test_the_entry_of_ones_own_that_the_readme_shows_ends_like_those_of_the_hooks() -> None:
    [shown] = re.findall(r"`(\{id: graymesh-lint, entry: [^`]+)`", README)
    assert yaml.safe_load(shown)["entry"].endswith(" --")


def test_what_the_readme_shows_of_a_pull_request_is_what_diff_says() -> None:
    """Word for word and line for line, the picture included."""
    shown = README.partition("<!-- from tests/story/expected.md -->")[2].partition("<!-- until here -->")[0]
    said = (ROOT / "tests" / "story" / "expected.md").read_text(encoding="utf-8")
    parts = [part.strip("\n") for part in shown.split("\n\n") if part.strip()]
    assert len(parts) == 2
    assert parts[1].startswith("```mermaid") and parts[1] in said
    assert [line for line in parts[0].splitlines() if line not in said.splitlines()] == []
