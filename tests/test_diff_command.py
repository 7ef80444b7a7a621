"""`graymesh diff` as people and kubectl call it: paths, revisions, artifacts, formats, exit codes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from graymesh.ir.buckets import ending
from tests.helpers import ROOT

CASES = ROOT / "tests" / "diff"
GIT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
NAMED = ["-c", "user.name=t", "-c", "user.email=t@example.com"]


def run(*arguments: str, cwd: Path, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "graymesh", "diff", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **GIT, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr if code == 2 else done.stdout


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *NAMED, *arguments], cwd=folder, check=True, capture_output=True, env={**os.environ, **GIT})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two projects side by side, committed on main."""
    folder = tmp_path / "repository"
    for story in ("shop", "bookinfo"):
        shutil.copytree(ROOT / "examples" / story, folder / story)
    git(folder.parent, "init", "-q", "-b", "main", str(folder))
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    return folder


def replace_in(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_the_exit_code_is_asked_for(tmp_path: Path) -> None:
    run("stage-step/old", "stage-step/new", cwd=CASES)
    run("stage-step/old", "stage-step/new", "--exit-code", cwd=CASES, code=1)
    run("renames-moves-formatting/old", "renames-moves-formatting/new", "--exit-code", cwd=CASES)
    run("stage-step/old/shop.yaml", "stage-step/new/shop.yaml", "--exit-code", cwd=CASES, code=1)


def without_counts(text: str) -> str:
    return re.sub(r"\(\+\d+ −\d+\)", "(+… −…)", text)


def test_several_formats_at_once(tmp_path: Path) -> None:
    made = [f"markdown={tmp_path / 'comment.md'}", f"json={tmp_path / 'diff.json'}"]
    shown = run("old", "new", "--output", made[0], "--output", made[1], cwd=CASES / "stage-step")
    assert without_counts(shown) == (CASES / "stage-step" / "expected.txt").read_text(encoding="utf-8")
    comment = (tmp_path / "comment.md").read_text(encoding="utf-8")
    assert without_counts(comment) == (CASES / "stage-step" / "expected.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "diff.json").read_text())["differs"] is True
    assert sorted(path.name for path in tmp_path.iterdir()) == ["comment.md", "diff.json"]


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    said = run("old", "new", "--output", f"json={tmp_path}/no/where.json", cwd=CASES / "stage-step", code=2)
    assert "no" in said
    assert "markdwn" in run("old", "new", "--format", "markdwn", cwd=CASES / "stage-step", code=2)
    assert "FORMAT=PATH" in run("old", "new", "--output", "json", cwd=CASES / "stage-step", code=2)


def test_artifacts_line_by_line(tmp_path: Path) -> None:
    shown = run("old", "new", "--diff", cwd=CASES / "limits-and-instances")
    assert "+++ b/rendered/sentinel/shop/v2/degrade-rules.json" in shown


@pytest.mark.parametrize("arguments", [(), ("old",), ("old", "new", "old"), ("nosuch", "old"), ("old", "nosuch")])
def test_paths_that_do_not_do(arguments: tuple[str, ...]) -> None:
    run(*arguments, cwd=CASES / "stage-step", code=2)


def test_nothing_at_all_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "void").mkdir()
    assert "neither side" in run("empty", "void", cwd=tmp_path, code=2)


def test_a_spec_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("apiVersion: graymesh.io/v1alpha1\nkind: Rollout\nspec: {stabel: v1}\n")
    said = run(str(CASES / "stage-step" / "old"), str(bad), cwd=tmp_path, code=2)
    assert "GM101" in said
    assert "bad.yaml:3" in said


# Revisions


def test_a_branch_against_its_base(repository: Path) -> None:
    assert "no change for traffic" in run("--base", "main", "--exit-code", cwd=repository)
    replace_in(repository / "bookinfo/releases/reviews.yaml", "stage: tenth\n", "stage: half\n")
    (repository / "shop/releases/cart-service.yaml").rename(repository / "shop/releases/cart.yaml")
    shown = run("--base", "main", "--exit-code", cwd=repository, code=1)
    assert "bookinfo/reviews: stage tenth → half" in shown
    assert "users dd8f–ffff (13.45%) move from v1 to v2" in shown
    assert "users 0000–03f4 (1.55%) move from v1 to v2" in shown
    assert "because:   bookinfo/releases/reviews.yaml:" in shown
    assert "cart-service: " not in shown
    below = run("--base", "main", "bookinfo", "--exit-code", cwd=repository, code=1)
    assert "shop" not in below
    run("--base", "main", "shop", "--exit-code", cwd=repository)
    run("--base", "main", "shop/releases/cart.yaml", "--exit-code", cwd=repository)


def test_several_paths_keep_their_files_apart(repository: Path) -> None:
    replace_in(repository / "shop/graymesh.yaml", "listen: 8080", "listen: 9090")
    replace_in(repository / "bookinfo/releases/reviews.yaml", "timeout: 10s", "timeout: 9s")
    shown = run("--base", "main", "shop", "bookinfo", "shop", cwd=repository)
    assert "M shop/rendered/nginx/00-graymesh.conf" in shown
    assert "M bookinfo/rendered/istio/bookinfo.reviews.routes.yaml" in shown
    assert "listen of shop.example.com: *:8080 → *:9090" in shown
    assert "several releases" not in shown


def test_a_path_that_leads_out_of_the_repository(repository: Path, tmp_path: Path) -> None:
    shutil.copytree(CASES / "stage-step" / "old", tmp_path / "elsewhere")
    (repository / "link").symlink_to(tmp_path / "elsewhere")
    assert "repository" in run("--base", "main", "link", cwd=repository, code=2)


def test_lines_of_the_base_are_called_by_its_name(repository: Path) -> None:
    (repository / "bookinfo/releases/ratings.yaml").unlink()
    shown = run("--base", "HEAD", cwd=repository)
    assert "bookinfo/ratings: removed" in shown
    assert "HEAD:bookinfo/releases/ratings.yaml" in shown
    again = run("--base", "main", "bookinfo/releases/ratings.yaml", cwd=repository)
    assert "removed" in again


def test_a_base_that_had_no_release(repository: Path) -> None:
    git(repository, "rm", "-rq", "--cached", ".")
    git(repository, "commit", "-qm", "nothing", "--allow-empty")
    shown = run("--base", "HEAD", "bookinfo", "--exit-code", cwd=repository, code=1)
    assert "bookinfo/reviews: added" in shown


def test_a_broken_base_is_an_error_at_its_own_name(repository: Path) -> None:
    spec = repository / "bookinfo/releases/reviews.yaml"
    text = spec.read_text()
    replace_in(spec, "stable: v1", "stabel: v1")
    git(repository, "commit", "-qam", "broken")
    spec.write_text(text)
    said = run("--base", "main", cwd=repository, code=2)
    assert "main:bookinfo/releases/reviews.yaml:8" in said


def test_links_of_the_base_are_not_followed(repository: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("password: x\n")
    (repository / "bookinfo/releases/link.yaml").symlink_to(secret)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "link")
    (repository / "bookinfo/releases/link.yaml").unlink()
    shown = run("--base", "main", "--exit-code", "bookinfo", cwd=repository, code=1)
    assert "bookinfo/releases/link.yaml is a symbolic link out of its project at main and was not read" in shown
    assert "NOT DECIDED" in shown and "password" not in shown


@pytest.mark.parametrize(
    "name",
    ["-x", "--upload-pack=x", "main:shop", "nosuch", "a\nb", "", "main --", "main;id", "$(id)", "refs/../x", "a" * 300],
)
def test_revisions_that_are_none(repository: Path, name: str) -> None:
    assert "GM025" in run(f"--base={name}", cwd=repository, code=2)


def test_outside_of_a_repository(tmp_path: Path) -> None:
    shutil.copytree(CASES / "stage-step" / "old", tmp_path / "old")
    said = run("--base", "main", cwd=tmp_path, code=2)
    assert "not a git repository" in said


def test_programs_of_the_repository_do_not_run(repository: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(program))
    git(repository, "config", "core.pager", str(program))
    run("--base", "main", cwd=repository)
    assert not (tmp_path / "ran").exists()


# Artifacts, as kubectl hands them over


def objects(folder: Path, number: int, change: tuple[str, str] = ("", "")) -> None:
    """Single objects as `kubectl diff` writes them: no ending, with what a cluster adds."""
    folder.mkdir()
    for file in sorted((ROOT / "examples/bookinfo/rendered/istio").glob("*.yaml")):
        for each in yaml.safe_load_all(file.read_text(encoding="utf-8").replace(*change)):
            about = each["metadata"]
            about |= {"uid": "0b5c", "resourceVersion": str(number), "generation": number}
            about["managedFields"] = [{"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:spec": {}}}]
            each["status"] = {"observedGeneration": str(number)}
            kind = f"{each['apiVersion'].replace('/', '.')}.{each['kind']}"
            (folder / f"{kind}.{about['namespace']}.{about['name']}").write_text(yaml.safe_dump(each))


def test_kubectl_sees_who_moves(tmp_path: Path) -> None:
    objects(tmp_path / "LIVE-1", 1)
    objects(tmp_path / "MERGED-2", 1, (ending(((0xC3F5, 0xDD8E),)), ending(((0xC3F5, 0xF727),))))
    shown = run("--exit-code", "LIVE-1", "MERGED-2", cwd=tmp_path, code=1)
    assert "users dd8f–f727 (10%) move from v1 to v2" in shown
    assert "because:   networking.istio.io.v1.VirtualService.bookinfo.reviews" in shown
    assert "no change for traffic: ratings" in shown


def test_kubectl_without_and_with_other_changes(tmp_path: Path) -> None:
    objects(tmp_path / "LIVE-1", 1)
    objects(tmp_path / "SAME-1", 1)
    objects(tmp_path / "MERGED-2", 2)
    run("--exit-code", "LIVE-1", "SAME-1", cwd=tmp_path)
    shown = run("--exit-code", "LIVE-1", "MERGED-2", cwd=tmp_path, code=1)
    assert "no change for traffic, but other files differ" in shown


def test_an_object_that_is_not_understood_is_said_loudly(tmp_path: Path) -> None:
    objects(tmp_path / "LIVE-1", 1)
    objects(tmp_path / "MERGED-2", 1, ("=%REQ(X-REQUEST-ID)%; Path", "=%REQ(X-OTHER-ID)%; Path"))
    shown = run("--exit-code", "LIVE-1", "MERGED-2", cwd=tmp_path, code=1)
    assert "NOT DECIDED for reviews.bookinfo.svc.cluster.local" in shown
    assert "removed" not in shown


def test_nginx_files(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples/shop/rendered/nginx", tmp_path / "old")
    shutil.copytree(tmp_path / "old", tmp_path / "new")
    for file in (tmp_path / "new").glob("*.conf"):
        file.write_text(
            file.read_text(encoding="utf-8").replace(ending(((0xA36D, 0xB039),)), ending(((0xA36D, 0xADA9),)))
        )
    shown = run("old", "new", "--exit-code", cwd=tmp_path, code=1)
    assert "users adaa–b039 (1%) move from default.product-service.v2 to default.product-service.v1" in shown
