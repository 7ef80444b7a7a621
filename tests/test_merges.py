"""Two branches, each moving, adding or removing another release, merge without a conflict in all of the output.

What git makes of them is what `compile` would write, lists of written files and all: nothing is stale after a merge.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import TypeAlias

import pytest

from graymesh.kit.registry import target_names
from graymesh.language.project import JOURNAL, LISTS
from tests.helpers import ROOT

STAGES = ("internal", "gray-20", "half", "full")
"""Of the product service, which stands at none of them."""
MOVES = {"cart-service": "tenth", "order-service": "gray-5", "product-service": "internal"}
"""Release → the stage it moves to; `product-service` asks for claims from a later stage on only."""

SETTINGS = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
NAMED = ["-c", "user.name=t", "-c", "user.email=t@example.com"]

Change: TypeAlias = Callable[[Path], None]


def git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["git", *NAMED, *words]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, **SETTINGS}
    )


def graymesh(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "graymesh", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=environment, timeout=120
    )


def compiled(folder: Path) -> None:
    done = graymesh(folder, "compile", "-q")
    assert done.returncode == 0, done.stdout + done.stderr


def spec(folder: Path, release: str) -> Path:
    return folder / "releases" / f"{release}.yaml"


def at(release: str, stage: str) -> Change:
    def change(folder: Path) -> None:
        text = re.sub(r"(?m)^  stage: .*$", f"  stage: {stage}", spec(folder, release).read_text(encoding="utf-8"))
        spec(folder, release).write_text(text, encoding="utf-8")

    return change


def added(name: str, number: int) -> Change:
    """A release much like the cart's, under another name, with hosts and addresses of its own."""

    def change(folder: Path) -> None:
        text = spec(ROOT / "examples" / "shop", "cart-service").read_text(encoding="utf-8")
        text = text.replace("cart-service", name).replace("cart.shop", f"{name}.shop").replace("10.0.", f"10.{number}.")
        spec(folder, name).write_text(text, encoding="utf-8")
        everywhere(spec(folder, name))

    return change


def removed(name: str) -> Change:
    return lambda folder: spec(folder, name).unlink()


def everywhere(path: Path) -> None:
    """The release goes to every target, with a limit for Sentinel, and says where it is given less than it asks for."""
    text = re.sub(r"(?m)^  tests:\n(?:    .*\n)*", "", path.read_text(encoding="utf-8"))
    text = re.sub(r"(?m)^  targets: .*$", f"  targets: {{{': {}, '.join(target_names())}: {{}}}}", text)
    if "  limits:" not in text:
        (stable,) = re.findall(r"(?m)^  stable: (.*)$", text)
        (canary,) = set(re.findall(r"(?m)^    (v\d+):", text)) - {stable}
        text += f"  limits: {{{canary}: {{qps: 100}}}}\n"
    path.write_text(text, encoding="utf-8")


def committed(folder: Path, message: str) -> None:
    compiled(folder)
    git(folder, "add", "-A")
    assert git(folder, "commit", "-qm", message).returncode == 0


def branched(folder: Path, name: str, change: Change) -> None:
    git(folder, "checkout", "-qb", name, "main")
    change(folder)
    committed(folder, name)


def merged(folder: Path, *changes: Change) -> subprocess.CompletedProcess[str]:
    """What git says to a merge of two branches with a change each, in a repository that stands on main."""
    for number, change in enumerate(changes):
        branched(folder, f"branch-{number}", change)
    git(folder, "checkout", "-qB", "merged", "branch-0")
    return git(folder, "merge", "--no-edit", "branch-1")


def output(folder: Path) -> dict[str, bytes]:
    files = [file for file in sorted((folder / "rendered").rglob("*")) if file.is_file()]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def clean(folder: Path) -> None:
    """Nothing is stale, and nothing differs from what is compiled anew."""
    for words in (["compile", "--check"], ["verify"]):
        done = graymesh(folder, *words, "-q")
        assert done.returncode == 0, done.stdout + done.stderr
    found = output(folder)
    shutil.rmtree(folder / "rendered")
    compiled(folder)
    assert output(folder) == found


@pytest.fixture(scope="module")
def main(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example on main, with every release on every target."""
    folder = tmp_path_factory.mktemp("merges") / "shop"
    shutil.copytree(ROOT / "examples" / "shop", folder, ignore=shutil.ignore_patterns("rendered"))
    for path in (folder / "releases").iterdir():
        everywhere(path)
    git(folder.parent, "init", "-q", "-b", "main", str(folder))
    committed(folder, "main")
    return folder


@pytest.fixture
def shop(main: Path, tmp_path: Path) -> Path:
    """A clone of the example on main."""
    git(tmp_path, "clone", "-q", str(main), "shop")
    return tmp_path / "shop"


def test_every_target_is_there(main: Path) -> None:
    for name in target_names():
        assert list((main / "rendered" / name).iterdir()), name
    assert (main / "rendered" / LISTS).is_dir()
    assert not (main / "rendered" / JOURNAL).exists()


@pytest.mark.parametrize(("first", "second"), list(permutations(MOVES, 2)), ids=" then ".join)
def test_moves_of_two_releases(first: str, second: str, shop: Path) -> None:
    done = merged(shop, at(first, MOVES[first]), at(second, MOVES[second]))
    assert done.returncode == 0, done.stdout
    clean(shop)


def test_moves_of_two_releases_of_the_example_as_it_is(tmp_path: Path) -> None:
    """The committed output of the example itself."""
    shutil.copytree(ROOT / "examples" / "shop", tmp_path / "shop")
    shop = tmp_path / "shop"
    for path in (shop / "releases").iterdir():
        path.write_text(re.sub(r"(?m)^  tests:\n(?:    .*\n)*", "", path.read_text(encoding="utf-8")))
    git(tmp_path, "init", "-q", "-b", "main", str(shop))
    committed(shop, "main")
    done = merged(shop, at("order-service", "half"), at("product-service", "gray-20"))
    assert done.returncode == 0, done.stdout
    clean(shop)


@pytest.mark.parametrize("stage", STAGES)
def test_neighbours_from_end_to_end(stage: str, shop: Path) -> None:
    """Where the last route of one and the first of the next come, go or change."""
    for other in ("gray-5", "half"):
        git(shop, "checkout", "-qf", "main")
        git(shop, "branch", "-D", "branch-0", "branch-1")
        done = merged(shop, at("order-service", other), at("product-service", stage))
        assert done.returncode == 0, f"{other}, {stage}: {done.stdout}"
        clean(shop)


def test_neighbours_whose_first_and_last_routes_move(tmp_path: Path) -> None:
    """Without an edge before them, the gateways draw themselves: every stage changes all of a release's routes."""
    shop = tmp_path / "shop"
    shutil.copytree(ROOT / "examples" / "shop", shop, ignore=shutil.ignore_patterns("rendered", "product*"))
    for path in (shop / "releases").iterdir():
        everywhere(path)
        text = re.sub(r"(?m)^  (edge|routes|audiences): .*\n|^  (audiences|routes):\n(    .*\n)*", "", path.read_text())
        text = text.replace(", key: {cookie: uid}", "").replace("weight: 0.5,", "weight: 5,")
        path.write_text(re.sub(r"(?m)^  targets: .*$", "  targets: {spring-cloud-gateway: {}, sentinel: {}}", text))
    git(tmp_path, "init", "-q", "-b", "main", str(shop))
    committed(shop, "main")
    for number, (first, second) in enumerate([("testers", "half"), ("full", "gray-5"), ("tenth", "half")]):
        git(shop, "checkout", "-qf", "main")
        git(shop, "branch", "-D", "branch-0", "branch-1")
        done = merged(shop, at("cart-service", first), at("order-service", second))
        assert done.returncode == 0, f"{number}: {done.stdout}"
        clean(shop)


@pytest.mark.parametrize(
    "changes",
    [
        (added("aaa-service", 8), added("zzz-service", 9)),
        (added("bbb-service", 8), at("product-service", "half")),
        (at("cart-service", "full"), added("zzz-service", 8)),
        (added("zzz-service", 8), removed("cart-service")),
        (removed("cart-service"), removed("product-service")),
        (removed("order-service"), at("cart-service", "full")),
        (removed("order-service"), at("product-service", "half")),
        (at("product-service", "internal"), removed("cart-service")),
    ],
    ids=[
        "added at both ends",
        "added and moved",
        "moved and added",
        "added and removed",
        "both removed",
        "removed and moved before it",
        "removed and moved behind it",
        "moved and removed",
    ],
)
def test_releases_come_and_go(changes: tuple[Change, Change], shop: Path) -> None:
    done = merged(shop, *changes)
    assert done.returncode == 0, done.stdout
    clean(shop)


def test_a_later_change_is_compiled_after_a_merge(shop: Path) -> None:
    """No digest is missing or stale: nothing is taken for edited by hand, and nothing is left behind."""
    assert merged(shop, at("cart-service", "full"), at("order-service", "gray-5")).returncode == 0
    for change in (at("product-service", "full"), removed("order-service")):
        change(shop)
        compiled(shop)
        clean(shop)


def test_an_edit_by_hand_is_noticed_after_a_merge(shop: Path) -> None:
    assert merged(shop, at("cart-service", "full"), at("order-service", "gray-5")).returncode == 0
    routes = shop / "rendered" / "spring-cloud-gateway" / "application-graymesh.yaml"
    routes.write_text(routes.read_text().replace("order: 0", "order: 7", 1))
    at("product-service", "full")(shop)
    done = graymesh(shop, "compile")
    assert done.returncode == 1
    assert "error[GM912]" in done.stdout
    assert "order: 7" in routes.read_text()


def test_a_move_touches_one_file_of_nginx_and_one_list(shop: Path) -> None:
    for release in MOVES:
        branched(shop, release, at(release, MOVES[release]))
        told = git(shop, "diff", "--name-only", "main", release, "--", "rendered/nginx", f"rendered/{LISTS}")
        changed = [path for path in told.stdout.split() if "spring" not in path and "gateway" not in path]
        assert changed == [f"rendered/{LISTS}/default.{release}.sums", f"rendered/nginx/default.{release}.conf"]


class TestConflicts:
    """Two branches move one release to different stages: git asks, and one diagnostic says what to do."""

    @pytest.fixture
    def conflicted(self, shop: Path) -> Path:
        done = merged(shop, at("cart-service", "tenth"), at("cart-service", "full"))
        assert done.returncode == 1, done.stdout
        return shop

    @pytest.mark.parametrize("command", ["lint", "compile", "verify"])
    def test_in_a_release(self, conflicted: Path, command: str) -> None:
        path = spec(conflicted, "cart-service")
        line = path.read_text().split("\n").index("<<<<<<< HEAD") + 1
        done = graymesh(conflicted, command, "--format", "concise")
        assert done.returncode == 1
        assert re.findall(r"^\S+: error\[GM\d+\]|^\S+error\S*", done.stdout, re.MULTILINE)[0].startswith(
            f"releases/cart-service.yaml:{line}:1:"
        ), done.stdout
        assert done.stdout.count("error[") == done.stdout.count("error[GM012]") == 1

    @pytest.mark.parametrize("command", [["compile", "--check"], ["compile"], ["verify"]], ids=" ".join)
    def test_in_the_output(self, conflicted: Path, command: list[str]) -> None:
        git(conflicted, "checkout", "--theirs", "--", "releases")
        before = output(conflicted)
        done = graymesh(conflicted, *command)
        assert done.returncode == 1
        assert set(re.findall(r"error\[(GM\d+)\]", done.stdout)) == {"GM920"}, done.stdout
        assert re.search(r"--> rendered/\S+:\d+:1\n", done.stdout)
        assert "git checkout HEAD -- rendered, and then: graymesh compile" in done.stdout
        assert output(conflicted) == before

    def test_the_two_commands_mend_it(self, conflicted: Path) -> None:
        git(conflicted, "checkout", "--theirs", "--", "releases")
        assert git(conflicted, "checkout", "HEAD", "--", "rendered").returncode == 0
        compiled(conflicted)
        clean(conflicted)

    def test_in_a_file_alone(self, conflicted: Path) -> None:
        """The lists know the file, and it has marks: nobody's edit by hand, and nothing to decode."""
        git(conflicted, "checkout", "--theirs", "--", "releases", f"rendered/{LISTS}")
        marked = next(path for path, data in output(conflicted).items() if b"\n<<<<<<< " in data)
        name = marked.split("/")[1]
        for words in (["compile", "--check"], ["compile"], ["verify"], ["read", "-t", name, marked]):
            done = graymesh(conflicted, *words)
            assert done.returncode == 1, words
            assert set(re.findall(r"error\[(GM\d+)\]", done.stdout)) == {"GM920"}, done.stdout
        done = graymesh(conflicted, "diff", f"rendered/{name}", f"rendered/{name}", "-t", name)
        assert "GM920" in done.stdout + done.stderr
        assert graymesh(conflicted, "compile", "-q", "--force").returncode == 0
        clean(conflicted)

    def test_releases_added_at_the_same_place(self, shop: Path) -> None:
        """No layout of a shared file can know their order."""
        done = merged(shop, added("zza-service", 8), added("zzb-service", 9))
        assert done.returncode == 1
        assert graymesh(shop, "compile").stdout.count("GM920")
        git(shop, "checkout", "HEAD", "--", "rendered")
        compiled(shop)
        clean(shop)
