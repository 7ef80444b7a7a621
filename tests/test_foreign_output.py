# ruff: noqa: F811  the fixture `cli` is another module's
"""What graymesh did not write into its output folder: it is noticed, never published, and never lost."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from graymesh.compile.write import STAGING, Output, findings, open_output, plan
from graymesh.compile.written import digest, journal_text
from graymesh.diagnostic import Refused
from graymesh.language.project import JOURNAL, LISTS
from tests.helpers import ROOT
from tests.test_cli import SHOP, Cli, cli  # noqa: F401
from tests.test_write import NEW, OLD, RELEASES, UNFINISHED, codes, compiled, out, tree  # noqa: F401

Deep: TypeAlias = Callable[[str], None]
TAKES_ALL = "server { listen 8080 default_server; server_name _; location / { proxy_pass http://10.66.6.6; } }\n"
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [https://evil.example]\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: evil}\nspec: {containers: [{name: a, image: evil}]}\n"
STRANGERS = {
    "nginx/zz.conf": TAKES_ALL,
    "nginx/more/zz.conf": TAKES_ALL,
    "nginx/.zz.conf": TAKES_ALL,
    "istio/kustomization.yaml": KUSTOMIZATION,
    "istio/pod.yaml": POD,
    "istio/pod.yml": POD,
    "istio/.pod.yaml": POD,
    "istio/pod.json": '{"apiVersion": "v1", "kind": "Pod"}',
    "istio/README.md": "hello",
    "sentinel/gateway/more.json": "[]",
    "sentinel/other-service/v1/flow-rules.json": "[]",
    "spring-cloud-gateway/application.yaml": "server: {port: 1}\n",
}


@pytest.fixture(name="shop")
def _shop(cli: Cli) -> Cli:
    """The example on all four targets, with its committed output."""
    shutil.copytree(ROOT / "examples" / "shop", cli.folder, dirs_exist_ok=True)
    for left in ("cart", "shop"):
        Path(f"releases/{left}.yaml").unlink()
    assert cli("compile", "--check").code == 0
    assert cli("verify").code == 0
    return cli


@pytest.fixture
def deep(out: Path) -> Iterator[Deep]:
    """Puts a file 1,500 folders down; pytest itself cannot remove so many."""
    tops = []

    def make(top: str) -> None:
        tops.append(out / top / "a")
        subprocess.run(["mkdir", "-p", out / top / "/".join("a" * 1500)], check=True)
        subprocess.run(["touch", out / top / "/".join("a" * 1500) / "x.conf"], check=True)

    yield make
    subprocess.run(["rm", "-rf", *tops], check=True)


def put(path: str, text: str) -> None:
    file = Path("rendered", path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def told(cli: Cli, *command: str) -> list[tuple[str, str]]:
    """Code and file of each error or warning about the output, none about the releases."""
    done = cli(*command, "--format", "json")
    found = json.loads(done.out)["diagnostics"]
    assert done.code == any(item["level"] == "error" for item in found)
    return [(item["code"], item["file"]) for item in found if item["file"].startswith("rendered")]


class TestCommands:
    @pytest.mark.parametrize("path", STRANGERS)
    def test_check_and_verify_fail(self, shop: Cli, path: str) -> None:
        put(path, STRANGERS[path])
        named = "rendered/" + {"nginx/more/zz.conf": "nginx/more"}.get(path, path).replace(
            "other-service/v1/flow-rules.json", "other-service"
        )
        assert told(shop, "compile", "--check") == [("GM919", named)]
        found = told(shop, "verify")
        assert ("GM919", named) in found
        done = shop("compile", "--check")
        assert "delete it, or keep it outside of the output folder" in done.out
        assert "there is more in its folders" in done.err

    def test_what_the_engine_reads_is_held_against_the_releases_too(self, shop: Cli) -> None:
        put("nginx/zz.conf", TAKES_ALL)
        assert {code for code, _ in told(shop, "verify")} >= {"GM905", "GM919"}

    def test_links(self, shop: Cli) -> None:
        Path("rendered/nginx/zz.conf").symlink_to("/proc/self/environ")
        Path("rendered/istio/more").symlink_to("/etc")
        assert told(shop, "compile", "--check") == [
            ("GM919", "rendered/istio/more"),
            ("GM919", "rendered/nginx/zz.conf"),
        ]
        assert shop("verify").code == 1

    def test_a_folder_copied_elsewhere_without_its_list(self, shop: Cli) -> None:
        """There, what is read is proven; what is not read is named."""
        shutil.copytree("rendered", "deployed", ignore=shutil.ignore_patterns(LISTS))
        assert shop("verify", "-o", "deployed").code == 0
        Path("deployed/istio/pod.json").write_text("{}")
        assert shop("verify", "-o", "deployed").code == 1

    def test_one_target_alone(self, shop: Cli) -> None:
        put("nginx/zz.conf", TAKES_ALL)
        assert told(shop, "compile", "--check", "-t", "istio") == []
        assert told(shop, "compile", "--check", "-t", "nginx") == [("GM919", "rendered/nginx/zz.conf")]
        assert told(shop, "verify", "-t", "istio") == []

    def test_every_stage(self, shop: Cli) -> None:
        stages = ["--stage", "all", "-o", "stages"]
        assert shop("compile", *stages).code == 0
        stage = next(path for path in sorted(Path("stages").iterdir()) if path.name != LISTS)
        (stage / "nginx" / "zz.conf").write_text(TAKES_ALL)
        for command in (["compile", "--check"], ["verify"]):
            done = shop(*command, *stages)
            assert done.code == 1
            assert f"{stage}/nginx/zz.conf" in done.out

    def test_the_folder_of_a_target_that_no_release_has(self, cli: Cli) -> None:
        """nginx may go on to read it."""
        assert cli("compile").code == 0
        put("nginx/zz.conf", TAKES_ALL)
        for command in (["compile", "--check"], ["verify"]):
            assert told(cli, *command) == [("GM919", "rendered/nginx/zz.conf")]
            assert told(cli, *command, "-t", "istio") == []

    def test_compile_leaves_them_and_warns(self, shop: Cli) -> None:
        put("nginx/zz.conf", TAKES_ALL)
        done = shop("compile")
        assert done.code == 0
        assert "warning[GM919]" in done.out
        assert Path("rendered/nginx/zz.conf").read_text() == TAKES_ALL

    def test_listed_with_the_right_digest(self, shop: Cli) -> None:
        put("nginx/zz.conf", TAKES_ALL)
        Path("rendered", LISTS, "zz.sums").write_text(f"nginx/zz.conf\n  {digest(TAKES_ALL.encode())}\n")
        assert told(shop, "compile", "--check") == [("GM913", "rendered/nginx/zz.conf")]

    @pytest.mark.parametrize("forget", ["the list", "the file on the list"])
    def test_not_listed_at_all(self, shop: Cli, forget: str) -> None:
        put("istio/pod.yaml", POD)
        if forget == "the list":
            shutil.rmtree(Path("rendered", LISTS))
        assert ("GM919", "rendered/istio/pod.yaml") in told(shop, "compile", "--check")

    @pytest.mark.parametrize("name", [UNFINISHED, f"{STAGING}staging"])
    def test_a_committed_staging_folder(self, shop: Cli, name: str) -> None:
        """What the journal of an interrupted write looked like: `compile` put its files into place."""
        before = {path: path.read_bytes() for path in Path("rendered").rglob("*") if path.is_file()}
        put(f"{name}/tree/nginx/zz.conf", TAKES_ALL)
        put(f"{name}/journal.json", '{"remove": {}}')
        for command in (["compile", "--check"], ["verify"]):
            done = shop(*command)
            assert (done.code, "error[GM917]" in done.out) == (1, True)
        assert shop("compile").code == 0
        assert {path: path.read_bytes() for path in Path("rendered").rglob("*") if path.is_file()} == before
        assert shop("compile", "--check").code == 0

    def test_every_format(self, shop: Cli) -> None:
        put("nginx/zz.conf", TAKES_ALL)
        for name in ("github", "sarif", "junit", "gitlab", "markdown", "concise"):
            assert "rendered/nginx/zz.conf" in shop("compile", "--check", "--format", name).out.replace("\\", "")


class TestUnfinishedWorkThatIsNotOurs:
    """Somebody has committed what looks like a write of graymesh that was cut short."""

    def staged(self, out: Path, name: str, files: dict[str, str]) -> None:
        compiled(out, OLD)
        for path, text in files.items():
            (out / name / path).parent.mkdir(parents=True, exist_ok=True)
            (out / name / path).write_text(text)

    @pytest.mark.parametrize("name", [UNFINISHED, f"{STAGING}staging"])
    @pytest.mark.parametrize("listed", [False, True])
    def test_is_never_published(self, out: Path, name: str, listed: bool) -> None:
        evil = {"nginx/server.conf": "evil\n", "nginx/zz.conf": "evil\n"}
        staged = {f"tree/{path}": text for path, text in evil.items()}
        removals = json.dumps({"remove": {"istio/default.shop.yaml": digest(b"old\n")}})
        files = {path: digest(text.encode()) for path, text in {**OLD, **evil}.items()}
        places = ("done.json", "begun.json", f"tree/{JOURNAL}", f"tree/{LISTS}/default.zz.sums")
        lists = {place: journal_text(files, {}) for place in places}
        self.staged(out, name, {**staged, **lists, "journal.json": removals})
        if listed:
            (out / JOURNAL).write_text(journal_text(files, files))
        with pytest.raises(Refused) as error, open_output(out, out.parent) as opened:
            plan(opened, Output(files=OLD))
        assert codes(error) == ["GM917"]
        compiled(out, OLD)
        assert tree(out) == OLD
        assert not (out / name).exists()

    def test_a_list_of_unfinished_work_takes_over_no_file(self, out: Path) -> None:
        """It says what may be replaced, never what is right, and it is noticed."""
        self.staged(out, "nginx", {"zz.conf": "evil\n"})
        files = {"nginx/zz.conf": digest(b"evil\n")}
        (out / JOURNAL).write_text(journal_text(files, files))
        with pytest.raises(Refused) as error, open_output(out, out.parent) as opened:
            plan(opened, Output(files=OLD, applied=("istio", "nginx")))
        assert codes(error) == ["GM917"]

    @pytest.mark.parametrize("path", ["../victim", "/etc/passwd", "a/../../victim", ".git/config"])
    def test_removes_nothing_outside(self, out: Path, path: str) -> None:
        (out.parent / "victim").write_text("precious")
        self.staged(out, "nginx", {})
        known = digest(b"precious")
        (out / JOURNAL).write_text(json.dumps({"files": {}, "before": {path: known}}))
        with pytest.raises(Refused) as error:
            compiled(out, NEW)
        assert codes(error) == ["GM916"]
        assert (out.parent / "victim").read_text() == "precious"

    def test_removes_nothing_that_is_not_what_it_says(self, out: Path) -> None:
        self.staged(out, "nginx", {})
        (out / JOURNAL).write_text(json.dumps({"files": {}, "before": {"notes.md": "0" * 64}}))
        (out / "notes.md").write_text("mine")
        with pytest.raises(Refused) as error:
            compiled(out, OLD)
        assert "GM912" in codes(error)
        assert (out / "notes.md").read_text() == "mine"

    @pytest.mark.parametrize("before", ["x", 1, [], {"a": 1}, None])
    def test_a_past_that_is_no_list_is_refused(self, out: Path, before: object) -> None:
        self.staged(out, "nginx", {})
        (out / JOURNAL).write_text(json.dumps({"files": {}, "before": before}))
        with pytest.raises(Refused) as error:
            compiled(out, NEW)
        assert codes(error) == ["GM916"]

    def test_is_thrown_away_without_following_links_in_it(self, out: Path) -> None:
        (out.parent / "elsewhere").mkdir()
        (out.parent / "elsewhere" / "victim").write_text("precious")
        self.staged(out, UNFINISHED, {"tree/x": "x"})
        (out / UNFINISHED / "tree" / "istio").symlink_to(out.parent / "elsewhere")
        compiled(out, NEW)
        assert tree(out) == NEW
        assert (out.parent / "elsewhere" / "victim").read_text() == "precious"

    def test_a_deep_one_is_thrown_away_too(self, out: Path, deep: Deep) -> None:
        self.staged(out, UNFINISHED, {})
        deep(UNFINISHED)
        compiled(out, NEW)
        assert tree(out) == NEW


def socket_at(path: Path) -> None:
    os.mknod(path, 0o600 | stat.S_IFSOCK)


class TestStrangers:
    """Whoever applies a folder takes all that is in it."""

    APPLIED = ("istio", "nginx")

    def found(self, out: Path, files: dict[str, str] = OLD) -> list[tuple[str, str]]:
        with open_output(out, out.parent) as opened:
            result = findings(
                opened, plan(opened, Output(files=files, releases=RELEASES, applied=self.APPLIED)), "graymesh compile"
            )
        return [(item.code, os.path.relpath(item.file, out)) for item in result]

    @pytest.mark.parametrize(
        "path",
        ["nginx/zz.conf", "istio/extra.yaml", "istio/extra.json", "istio/.hidden.yaml", "istio/kustomization.yaml"],
    )
    def test_a_file(self, out: Path, path: str) -> None:
        compiled(out, OLD)
        (out / path).write_text("x")
        assert self.found(out) == [("GM919", path)]

    def test_a_folder_is_named_once(self, out: Path) -> None:
        compiled(out, OLD)
        for name in ("a.conf", "deep/b.conf", ".git/config"):
            (out / "nginx/more" / name).parent.mkdir(parents=True, exist_ok=True)
            (out / "nginx/more" / name).write_text("x")
        assert self.found(out) == [("GM919", "nginx/more")]

    def test_a_deep_folder(self, out: Path, deep: Deep) -> None:
        compiled(out, OLD)
        deep("nginx")
        assert self.found(out) == [("GM919", "nginx/a")]

    def test_a_folder_of_nothing_is_nothing(self, out: Path) -> None:
        compiled(out, OLD)
        (out / "nginx/more/and/more").mkdir(parents=True)
        assert self.found(out) == []

    @pytest.mark.parametrize("target", ["server.conf", "/etc/passwd", "nowhere", "../istio"])
    def test_a_link(self, out: Path, target: str) -> None:
        compiled(out, OLD)
        (out / "nginx/zz.conf").symlink_to(target)
        assert self.found(out) == [("GM919", "nginx/zz.conf")]

    def test_a_pipe_and_a_socket(self, out: Path) -> None:
        compiled(out, OLD)
        os.mkfifo(out / "nginx/a.conf")
        os.mknod(out / "nginx/b.conf", 0o600 | stat.S_IFSOCK)
        assert self.found(out) == [("GM919", "nginx/a.conf"), ("GM919", "nginx/b.conf")]

    def test_a_pipe_or_a_socket_where_a_file_belongs(self, out: Path) -> None:
        compiled(out, OLD)
        for path, make in (("nginx/server.conf", os.mkfifo), ("istio/default.shop.yaml", socket_at)):
            (out / path).unlink()
            make(out / path)
        assert self.found(out) == [("GM914", "istio/default.shop.yaml"), ("GM914", "nginx/server.conf")]

    def test_a_folder_where_a_listed_file_was(self, out: Path) -> None:
        compiled(out, OLD)
        (out / "istio/default.gone.yaml").unlink()
        (out / "istio/default.gone.yaml").mkdir()
        (out / "istio/default.gone.yaml/x.yaml").write_text("x")
        wanted = {path: text for path, text in OLD.items() if "gone" not in path}
        assert ("GM919", "istio/default.gone.yaml") in self.found(out, wanted)

    def test_the_folder_is_a_file_or_a_link(self, out: Path) -> None:
        compiled(out, {"istio/a.yaml": "a\n"})
        (out / "nginx").write_text("x")
        assert self.found(out, {"istio/a.yaml": "a\n"}) == [("GM919", "nginx")]
        (out / "nginx").unlink()
        (out / "nginx").symlink_to("istio")
        assert self.found(out, {"istio/a.yaml": "a\n"}) == [("GM919", "nginx")]

    def test_a_list_that_names_a_stranger_does_not_make_it_ours(self, out: Path) -> None:
        compiled(out, OLD)
        (out / "nginx/zz.conf").write_text("evil\n")
        (out / LISTS / "zz.sums").write_text("nginx/zz.conf\n  " + digest(b"evil\n") + "\n")
        assert self.found(out) == [("GM913", "nginx/zz.conf")]

    def test_the_list_lies_about_a_file_of_ours(self, out: Path) -> None:
        compiled(out, OLD)
        (out / "nginx/server.conf").write_text("evil\n")
        (out / LISTS / "nginx/server.conf.sums").write_text("nginx/server.conf\n  " + digest(b"evil\n") + "\n")
        assert self.found(out) == [("GM910", "nginx/server.conf")]

    def test_outside_of_the_applied_folders_anything_may_be(self, out: Path) -> None:
        compiled(out, OLD)
        (out / "README.md").write_text("x")
        (out / "notes").mkdir()
        (out / "notes/x.conf").write_text("x")
        assert self.found(out) == []

    def test_a_write_leaves_them_and_tells(self, out: Path) -> None:
        compiled(out, OLD)
        (out / "nginx/zz.conf").write_text("mine")
        assert compiled(out, NEW, applied=self.APPLIED).strangers == ("nginx/zz.conf",)
        assert tree(out) == NEW | {"nginx/zz.conf": "mine"}
