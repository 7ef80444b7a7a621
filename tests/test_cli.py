"""The command line: what it prints, where, and with which exit code."""

import json
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, cast

import click
import pytest

from graymesh.cli import COMMANDS, run
from graymesh.cli import cli as main
from graymesh.commands.base import Command, Terminal
from graymesh.ir.features import FEATURES
from graymesh.kit.registry import target_names
from graymesh.language.keys import NAME, keys_of
from graymesh.lint.session import Linting

DATA = Path(__file__).parent / "cli"
ROOT = Path(__file__).parents[1]


class Result(NamedTuple):
    code: int
    out: str
    err: str


class Cli:
    """Runs commands in this process, in a copy of the project `cli/shop`."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def __call__(self, *arguments: str, terminal: Terminal | None = None) -> Result:
        self._capsys.readouterr()
        code = run(list(arguments), terminal or Terminal())
        return Result(code, *self._capsys.readouterr())

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def rendered(self, folder: str = "rendered") -> list[str]:
        below = self.folder / folder
        return sorted(str(path.relative_to(below)) for path in below.rglob("*") if path.is_file())


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    shutil.copytree(DATA / "shop", tmp_path / "shop")
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Cli(tmp_path / "shop", capsys)


def process(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "graymesh", *arguments]
    given = {"capture_output": True, "text": True, "check": False, "env": {**os.environ, "PYTHONPATH": str(ROOT)}}
    return subprocess.run(command, **{**given, **options})  # type: ignore[call-overload,no-any-return]


SLOWER = ("  limits:", "  resilience: {timeout: 2s}\n  limits:")
SHOP, ISTIO = "releases/shop.yaml", "rendered/istio/default.shop.routes.yaml"


class TestFrame:
    def test_help_lists_every_command(self, cli: Cli) -> None:
        done = cli("--help")
        assert done.code == 0
        assert all(f"  {name} " in done.out for name in COMMANDS)

    def test_every_module_is_a_command(self) -> None:
        helpers = {"base", "findings", "mending", "schemas", "single", "summary", "watching"}
        modules = {module.name for module in pkgutil.iter_modules([str(ROOT / "graymesh" / "commands")])}
        assert modules - helpers == set(COMMANDS)

    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_command_has_help_with_examples(self, cli: Cli, name: str) -> None:
        done = cli(name, "--help")
        assert done.code == 0
        text, _, examples = done.out.partition("Examples:")
        assert examples.count(f"graymesh {name}") >= 2
        assert "Exit codes:" in text and "TEXT" not in text

    @pytest.mark.parametrize("name", COMMANDS)
    def test_examples_of_help_are_command_lines(self, name: str) -> None:
        """Every option in them exists and takes its value; whether the files are there is another matter."""
        command = cast(Command, main.get_command(click.Context(main), name))
        lines = [line for line in command.examples.splitlines() if "graymesh" in line]
        for line in lines:
            found = re.search(rf"graymesh {name}\b([^|<>()]*)", line.partition(" # ")[0])
            if found:
                words = shlex.split(found[1].rstrip('"'), comments=True)
                command.make_context(name, words, parent=click.Context(main, obj=Terminal()))

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["lnit"], "did you mean"),
            (["lint", "--formt", "json"], "--format"),
            (["lint", "--format", "jsn"], "did you mean 'json'?"),
            (["compile", "-t", "isto"], "did you mean 'istio'?"),
            (["compile", "--stage", "gray5"], "did you mean 'gray-5'?"),
            (["explain", "GM9O1"], "did you mean"),
            (["explain", "istoi"], "did you mean 'istio'?"),
            (["explain", "sticky.cokie"], "did you mean 'sticky.cookie'?"),
            (["explain", "spec.stages[].wieght"], "did you mean 'spec.stages[].weight'?"),
            (["route", SHOP, "--stage", "gray20"], "did you mean 'gray-20'?"),
        ],
    )
    def test_a_misspelt_word_is_a_usage_error_with_a_suggestion(
        self, cli: Cli, arguments: list[str], words: str
    ) -> None:
        done = cli(*arguments)
        assert done.code == 2
        assert words in done.out + done.err

    @pytest.mark.parametrize("command", ["lint", "compile", "verify", "route", "test"])
    def test_a_path_that_is_not_there(self, cli: Cli, command: str) -> None:
        done = cli(command, "nowhere.yaml")
        assert done.code == 2
        assert "nowhere.yaml" in done.err
        assert "Traceback" not in done.err

    def test_help_imports_nothing_heavy(self) -> None:
        script = "import sys\nfrom graymesh.cli import run\nfrom graymesh.commands.base import Terminal\n"
        script += "run(['--help'], Terminal())\nprint(*sys.modules, file=sys.stderr)"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        loaded = set(done.stderr.split())
        assert not loaded & {
            "yaml",
            "jinja2",
            "jsonschema",
            "pydantic",
            "graymesh.ir.release",
            "graymesh.source",
            "json",
        }

    def test_lint_imports_only_what_it_needs(self, cli: Cli) -> None:
        loaded = self.loaded_by("lint", SHOP)
        unneeded = {"jinja2", "jsonschema", "concurrent.futures", "asyncio"}
        assert not loaded & {
            *unneeded,
            "graymesh.compile.compiler",
            "graymesh.compile.verify",
            "graymesh.compile.write",
            "graymesh.language.schema",
        }

    def test_a_page_of_a_rule_needs_no_models(self, cli: Cli) -> None:
        assert not self.loaded_by("explain", "GM301") & {"pydantic", "graymesh.language.model"}

    def test_what_is_remembered_needs_no_models(self, cli: Cli) -> None:
        """A file that has not changed since: whatever reads files or builds models stays away."""
        for arguments in (["lint", SHOP], ["lint", SHOP, "--ignore", "GM2,GM3,GM4,GM5"]):
            needed = {"pydantic", "pydantic_core", "graymesh.language.model", "graymesh.source.build", "yaml"}
            assert needed <= self.loaded_by(*arguments)
            assert not needed & self.loaded_by(*arguments)

    @staticmethod
    def loaded_by(*arguments: str) -> set[str]:
        """The modules that a process has loaded at the end of a command."""
        script = "import sys\nfrom graymesh.cli import run\nfrom graymesh.commands.base import Terminal\n"
        script += f"run({list(arguments)!r}, Terminal())\nprint(*sys.modules, file=sys.stderr)"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        return set(done.stderr.split())

    def test_a_fault_of_graymesh_shows_no_traceback(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*_: object) -> None:
            raise KeyError("secret")

        monkeypatch.setattr("graymesh.language.project.find_each", fails)
        done = cli("lint")
        assert (done.code, "Traceback" in done.err, "internal error: KeyError" in done.err) == (2, False, True)
        done = cli("lint", "--traceback")
        assert (done.code, "Traceback" in done.err) == (2, True)

    def test_a_reader_that_goes_away_is_no_error(self, cli: Cli) -> None:
        for arguments in (["--help"], ["explain"], ["compile", "--stdout"]):
            read, written = os.pipe()
            os.close(read)
            done = process(*arguments, capture_output=False, stdout=written, stderr=subprocess.PIPE)
            os.close(written)
            assert (done.returncode, done.stderr) == (0, "")

    def test_findings_count_even_when_nobody_reads_them(self, cli: Cli) -> None:
        cli.edit(SHOP, "stable: v1", "stabel: v1")
        read, written = os.pipe()
        os.close(read)
        done = process("lint", capture_output=False, stdout=written, stderr=subprocess.PIPE)
        os.close(written)
        assert (done.returncode, done.stderr) == (1, "")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    def test_results_that_cannot_be_written_are_an_error(self, cli: Cli) -> None:
        with Path("/dev/full").open("w") as full:
            done = process("targets", capture_output=False, stdout=full, stderr=subprocess.PIPE)
        assert done.returncode == 2
        assert done.stderr == "graymesh: No space left on device\n"

    def test_no_standard_output_at_all(self, cli: Cli) -> None:
        done = process("targets", capture_output=False, stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1))
        assert (done.returncode, done.stderr) == (0, "")


class TestLint:
    def test_nothing_wrong(self, cli: Cli) -> None:
        done = cli("lint", "--select", "GM1,GM9")
        assert done == (0, "", "")

    def test_an_error_is_shown_at_its_place(self, cli: Cli) -> None:
        cli.edit(SHOP, "stable: v1", "stabel: v1")
        done = cli("lint")
        assert done.code == 1
        assert "error[GM101]" in done.out
        assert "releases/shop.yaml:6:3" in done.out
        assert "did you mean 'stable'?" in done.out

    def test_all_broken_files_are_told(self, cli: Cli) -> None:
        cli.edit(SHOP, "stable: v1", "stable: [")
        cli.edit("releases/cart.yaml", "stable: v1", "stabel: v1")
        done = cli("lint", "--format", "concise")
        assert done.code == 1
        assert "releases/shop.yaml:" in done.out
        assert "releases/cart.yaml:6:3: error[GM101]" in done.out

    def test_standard_input(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        done = process(
            "lint",
            "-",
            "--format",
            "concise",
            input=(cli.folder / SHOP).read_text().replace("stable: v1", "stabel: v1"),
        )
        assert done.returncode == 1
        assert done.stdout.startswith("<stdin>:6:3: error[GM101]")

    @pytest.mark.parametrize(("level", "code"), [("error", 0), ("warning", 1), ("info", 1), ("never", 0)])
    def test_what_makes_it_fail(self, cli: Cli, level: str, code: int) -> None:
        assert cli("lint", "--select", "GM507", "--fail-on", level).code == code

    def test_select_and_ignore(self, cli: Cli) -> None:
        assert "GM507" in cli("lint").out
        assert "GM507" not in cli("lint", "--ignore", "gm5").out
        assert "GM507" not in cli("lint", "--select", "GM2").out

    @pytest.mark.parametrize("form", ["text", "concise", "json"])
    def test_the_exit_code_is_the_same_in_every_format(self, cli: Cli, form: str) -> None:
        assert cli("lint", "--format", form).code == 0
        cli.edit(SHOP, "stable: v1", "stabel: v1")
        assert cli("lint", "--format", form).code == 1
        cli.edit(SHOP, "kind: Rollout", "kind: [")
        assert cli("lint", SHOP, "--format", form).code == 1

    def test_json_is_json_whatever_happens(self, cli: Cli) -> None:
        assert json.loads(cli("lint", "--format", "json").out)["summary"]["errors"] == 0
        cli.edit("graymesh.yaml", "releases/*.yaml", "nowhere/*.yaml")
        done = cli("lint", "--format", "json")
        assert done.code == 2
        assert json.loads(done.out)["diagnostics"][0]["code"] == "GM020"

    def test_colour(self, cli: Cli) -> None:
        assert "\x1b[" not in cli("lint").out
        assert "\x1b[" in cli("lint", "--color", "always").out
        assert "\x1b[" in cli("--color", "always", "lint").out
        assert "\x1b[" not in cli("lint", "--color", "never", terminal=Terminal(color=True)).out

    def test_nothing_of_the_user_s_acts_on_the_terminal(self, cli: Cli) -> None:
        cli.edit(SHOP, "stable: v1", 'stable: "v\\e[31m1"')
        assert "\x1b" not in cli("lint").out


class TestRemembering:
    """A file that has not changed is not looked at again, and whatever could change the answer is a change."""

    @pytest.fixture(autouse=True)
    def counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks = 0

        def look(*arguments: object) -> object:
            self.looks += 1
            return real(*arguments)  # type: ignore[arg-type]

        real = Linting.look
        monkeypatch.setattr(Linting, "look", look)

    def test_the_same_again_without_looking(self, cli: Cli) -> None:
        first, second = cli("lint", SHOP), cli("lint", SHOP)
        assert "GM507" in first.out
        assert first == second
        assert self.looks == 1

    def test_findings_count_as_before(self, cli: Cli) -> None:
        cli.edit(SHOP, "stable: v1", "stabel: v1")
        first, second = cli("lint", SHOP), cli("lint", SHOP)
        assert (first.code, first, self.looks) == (1, second, 1)

    def test_in_another_format(self, cli: Cli) -> None:
        shown = cli("lint", SHOP, "--format", "json", "--no-cache").out
        cli("lint", SHOP)
        assert cli("lint", SHOP, "--format", "json").out == shown
        assert self.looks == 2

    @pytest.mark.parametrize(
        ("name", "old", "new"),
        [(SHOP, "qps: 500", "qps: 501"), ("graymesh.yaml", "istio: {}", "istio: {gateways: [a/b]}")],
    )
    def test_a_change_is_looked_at(self, cli: Cli, name: str, old: str, new: str) -> None:
        cli("lint", SHOP)
        cli.edit(name, old, new)
        cli("lint", SHOP)
        assert self.looks == 2

    def test_another_project_file_is_a_change(self, cli: Cli) -> None:
        cli("lint", SHOP)
        shutil.copy("graymesh.yaml", "releases/graymesh.yaml")
        cli("lint", SHOP)
        assert self.looks == 2

    @pytest.mark.parametrize("options", [["--select", "GM2"], ["--ignore", "GM507"], ["--no-cache"]])
    def test_other_rules_are_a_change(self, cli: Cli, options: list[str]) -> None:
        cli("lint", SHOP)
        cli("lint", SHOP, *options)
        assert self.looks == 2

    def test_another_graymesh_is_a_change(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        cli("lint", SHOP)
        monkeypatch.setattr("graymesh.__version__", "99")
        cli("lint", SHOP)
        assert self.looks == 2

    def test_projects_are_always_looked_at(self, cli: Cli) -> None:
        cli("lint")
        cli("lint")
        assert self.looks == 2

    @pytest.mark.parametrize("content", [b"", b"\xff", b"{}"])
    def test_a_damaged_entry_is_no_entry(self, cli: Cli, tmp_path: Path, content: bytes) -> None:
        first = cli("lint", SHOP)
        (entry,) = (tmp_path / "cache/graymesh/lint").iterdir()
        entry.write_bytes(entry.read_bytes().partition(b"\n")[0] + b"\n" + content if content else b"")
        second = cli("lint", SHOP)
        assert (first == second, self.looks) == (True, 2)

    def test_a_cache_that_cannot_be_written(self, cli: Cli, tmp_path: Path) -> None:
        (tmp_path / "cache").write_text("a file")
        assert cli("lint", SHOP).code == 0

    def test_an_unchanged_file_costs_no_imports(self, cli: Cli) -> None:
        cli.edit(SHOP, "  limits:", "  guards: {enforcedBy: operator, errorRate: {max: 1%, window: 5m}}\n  limits:")
        cli.edit(SHOP, "{name: full", "{name: half, weight: 50, hold: 1h}\n    - {name: full")
        cli("lint", SHOP)
        script = "import sys\nfrom graymesh.cli import run\nfrom graymesh.commands.base import Terminal\n"
        script += f"run(['lint', '{SHOP}'], Terminal())\nprint(*sys.modules, file=sys.stderr)"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout == ""
        assert not set(done.stderr.split()) & {"yaml", "json", "graymesh.ir.release", "graymesh.lint.engine", "pathlib"}


class TestCompile:
    FILES = (
        ".graymesh/default.cart.sums",
        ".graymesh/default.shop.sums",
        ".graymesh/istio.needs",
        ".graymesh/sentinel.needs",
        ".graymesh/sentinel/gateway/flow-rules.json.sums",
        "istio/default.cart.destinations.yaml",
        "istio/default.cart.routes.yaml",
        "istio/default.shop.destinations.yaml",
        "istio/default.shop.routes.yaml",
        "sentinel/gateway/flow-rules.json",
        "sentinel/shop/v2/flow-rules.json",
    )

    def test_writes_proven_files_and_a_table(self, cli: Cli) -> None:
        done = cli("compile")
        assert done.code == 0
        assert cli.rendered() == sorted(self.FILES)
        assert done.out.splitlines()[-3:] == [
            "release       stage   istio              sentinel",
            "default/cart  first   2 files, verified  -",
            "default/shop  gray-5  2 files, verified  2 files, verified",
        ]
        assert done.err.splitlines() == [
            "graymesh: rendered: 6 written, 0 removed, 0 unchanged",
            "graymesh: istio needs of you: istio, pods",
            "graymesh: sentinel needs of you: flow rules, gateway rules, sentinel",
            "graymesh: what for: graymesh targets --needs .",
        ]

    def test_quietly(self, cli: Cli) -> None:
        for arguments in (["compile", "-q"], ["-q", "compile"]):
            done = cli(*arguments)
            assert (done.code, done.err, "verified" in done.out) == (0, "", False)

    def test_compiling_again_changes_nothing(self, cli: Cli) -> None:
        cli("compile")
        before = {path: path.stat().st_mtime_ns for path in (cli.folder / "rendered").rglob("*")}
        assert "0 written, 0 removed, 6 unchanged" in cli("compile").err
        assert before == {path: path.stat().st_mtime_ns for path in (cli.folder / "rendered").rglob("*")}

    def test_an_error_writes_nothing(self, cli: Cli) -> None:
        cli.edit(SHOP, "stable: v1", "stable: v3")
        done = cli("compile")
        assert done.code == 1
        assert "error[GM111]" in done.out
        assert not (cli.folder / "rendered").exists()

    def test_a_stage_of_releases_that_cannot_be_read(self, cli: Cli) -> None:
        for name in (SHOP, "releases/cart.yaml"):
            cli.edit(name, "stable: v1", "stable: [")
        for command in ("compile", "verify"):
            done = cli(command, "--stage", "gray-5")
            assert done.code == 1
            assert "2 errors" in done.out
            assert "release  stage" not in done.out

    def test_a_release_compiles_its_whole_project(self, cli: Cli) -> None:
        cli("compile", SHOP)
        assert cli.rendered() == sorted(self.FILES)

    def test_one_target_leaves_the_others_alone(self, cli: Cli) -> None:
        cli("compile")
        cli.edit(SHOP, "qps: 500", "qps: 400")
        cli.edit(SHOP, *SLOWER)
        before = (cli.folder / ISTIO).read_text()
        cli("compile", "-t", "sentinel")
        assert (cli.folder / ISTIO).read_text() == before
        assert "400" in (cli.folder / "rendered/sentinel/shop/v2/flow-rules.json").read_text()
        assert cli("compile", "--check", "-t", "sentinel").code == 0
        assert cli("compile", "--check").code == 1

    def test_a_release_that_leaves_takes_its_files_along(self, cli: Cli) -> None:
        cli("compile")
        (cli.folder / "releases/cart.yaml").unlink()
        assert "2 removed" in cli("compile").err
        assert not [path for path in cli.rendered() if "cart" in path]

    def test_another_stage(self, cli: Cli) -> None:
        done = cli("compile", "--stage", "gray-20", "-o", "twenty")
        assert "default/shop  gray-20" in done.out
        assert "default/cart  first" in done.out
        assert "0[0-4][0-9][0-9]" not in (cli.folder / "twenty/istio/default.shop.routes.yaml").read_text()

    def test_every_stage_in_a_folder_of_its_own(self, cli: Cli) -> None:
        cli("compile", "--stage", "all", "-o", "stages")
        found = {path.split("/")[0] for path in cli.rendered("stages")}
        assert found == {".graymesh", "first", "full", "internal", "gray-5", "gray-20"}
        assert cli("verify", "--stage", "all", "-o", "stages").code == 0

    def test_a_release_without_a_target(self, cli: Cli) -> None:
        cli.edit("graymesh.yaml", "targets:\n  istio: {}\n", "")
        done = cli("compile")
        assert done.code == 1
        assert "error[GM021]" in done.out
        assert cli("compile", "-t", "istio", "-o", "there").code == 0

    def test_stdout(self, cli: Cli) -> None:
        done = cli("compile", "--stdout")
        assert done.code == 0
        assert (
            "==> istio/default.cart.destinations.yaml <==\n# Written by graymesh from releases/cart.yaml." in done.out
        )
        assert "\n==> sentinel/shop/v2/flow-rules.json <==\n" in done.out
        assert not (cli.folder / "rendered").exists()

    def test_kubernetes_objects_on_stdout_are_one_stream(self, cli: Cli) -> None:
        done = cli("compile", "--stdout", "-t", "istio")
        assert done.out.startswith(
            "# istio/default.cart.destinations.yaml\n# Written by graymesh from releases/cart.yaml."
        )
        assert "\n---\n# istio/default.shop.routes.yaml\n# Written by graymesh from releases/shop.yaml." in done.out
        (cli.folder / "all.yaml").write_text(done.out)
        cli("compile")
        assert cli("read", "-t", "istio", "all.yaml").out == cli("read", "-t", "istio", "rendered/istio").out

    @pytest.mark.parametrize("form", ["text", "json"])
    def test_errors_stay_out_of_what_another_program_reads(self, cli: Cli, form: str) -> None:
        cli.edit(SHOP, "stable: v1", "stable: v9")
        done = cli("compile", "--stdout", "--format", form)
        assert (done.code, done.out) == (1, "")
        assert "GM111" in done.err

    def test_an_edited_file_is_kept(self, cli: Cli) -> None:
        cli("compile")
        cli.edit(ISTIO, "subset: v2", "subset: v1")
        cli.edit(SHOP, *SLOWER)
        done = cli("compile")
        assert done.code == 1
        assert "error[GM912]" in done.out
        assert cli("compile", "--force").code == 0
        assert cli("compile", "--check").code == 0

    def test_a_link_for_an_output_folder(self, cli: Cli, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        (cli.folder / "rendered").symlink_to(tmp_path / "elsewhere")
        done = cli("compile")
        assert done.code == 1
        assert "error[GM915]" in done.out
        assert list((tmp_path / "elsewhere").iterdir()) == []

    def test_a_full_disk_leaves_no_new_folder(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        done = cli("compile")
        assert done.code == 2
        assert "No space left on device" in done.err
        assert not (cli.folder / "rendered").exists()


class TestManyReleases:
    """From 64 releases on the work is spread over processes; nobody must be able to tell."""

    COUNT = 66

    @pytest.fixture
    def many(self, cli: Cli) -> Cli:
        text = (cli.folder / SHOP).read_text()
        for number in range(self.COUNT):
            (cli.folder / f"releases/shop-{number}.yaml").write_text(
                text.replace("name: shop,", f"name: shop-{number},").replace(
                    "{cookie: gray-ticket}", "{cookie: gray-ticket, cohort: default/shop/v2}"
                )
            )
        return cli

    def test_the_same_files_as_in_one_process(self, many: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1}, raising=False)
        assert "all verified" in many("compile", "-o", "spread").out
        assert "all verified" in many("verify", "-o", "spread").out
        monkeypatch.setattr("graymesh.compile.parallel.WORTH_IT", 10_000)
        many("compile", "-o", "alone")
        assert len(many.rendered("alone")) > 2 * self.COUNT
        for path in many.rendered("alone"):
            assert (many.folder / "spread" / path).read_bytes() == (many.folder / "alone" / path).read_bytes()

    def test_an_error_still_writes_nothing(self, many: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1}, raising=False)
        many.edit("releases/shop-3.yaml", "{v2: 5%, v1: 95%}", "v1")
        done = many("compile")
        assert done.code == 1
        assert "releases/shop-3.yaml" in done.out
        assert not (many.folder / "rendered").exists()


class TestCheck:
    def test_up_to_date(self, cli: Cli) -> None:
        cli("compile")
        assert cli("compile", "--check", "-q").code == 0

    def test_stale(self, cli: Cli) -> None:
        cli("compile")
        cli.edit(SHOP, *SLOWER)
        before = (cli.folder / ISTIO).read_text()
        done = cli("compile", "--check", ".")
        assert done.code == 1
        assert "error[GM910]" in done.out
        assert ISTIO in done.out
        assert "run: graymesh compile" in done.out
        assert (cli.folder / ISTIO).read_text() == before

    def test_the_command_that_mends_it_names_the_same_options(self, cli: Cli, tmp_path: Path) -> None:
        done = cli("compile", "--check", "../shop", "-t", "istio", "--stage", "all", "-o", "x y")
        assert done.code == 1
        assert "run: graymesh compile ../shop -t istio --stage all -o 'x y'" in done.err

    def test_nothing_written_yet(self, cli: Cli) -> None:
        done = cli("compile", "--check", "--format", "concise")
        assert done.code == 1
        assert "error[GM911]" in done.out
        assert not (cli.folder / "rendered").exists()

    def test_diff(self, cli: Cli) -> None:
        cli("compile")
        cli.edit(SHOP, "qps: 500", "qps: 400")
        done = cli("compile", "--diff")
        assert done.code == 0
        assert '-    "count": 500' in done.out
        assert '+    "count": 400' in done.out
        assert cli("compile", "--diff", "--check").code == 1
        assert "500" in (cli.folder / "rendered/sentinel/shop/v2/flow-rules.json").read_text()


class TestVerify:
    def test_what_was_compiled(self, cli: Cli) -> None:
        cli("compile")
        done = cli("verify")
        assert done.code == 0
        assert "default/shop  gray-5  2 files, verified  2 files, verified" in done.out
        assert cli("verify", "-q") == (0, "", "")

    def test_an_edit_that_moves_traffic_comes_with_a_witness(self, cli: Cli) -> None:
        cli("compile")
        cli.edit(ISTIO, "exact: v2", "exact: v3")
        done = cli("verify")
        assert done.code == 1
        assert "error[GM901]" in done.out
        assert (
            "witness: curl -H 'x-gray-version: v2' -b gray-ticket=00000000 http://shop.default.svc.cluster.local/"
            in done.out
        )
        assert "default/shop  gray-5  2 files, NOT VERIFIED  2 files, verified" in done.out
        assert "default/cart  first   2 files, verified" in done.out
        assert "run: graymesh compile" in done.err

    def test_an_edit_that_moves_nothing_is_fine(self, cli: Cli) -> None:
        cli("compile")
        cli.edit(ISTIO, "apiVersion:", "# a comment\napiVersion:")
        assert cli("verify").code == 0

    def test_an_edited_limit(self, cli: Cli) -> None:
        cli("compile")
        cli.edit("rendered/sentinel/shop/v2/flow-rules.json", "500", "501")
        done = cli("verify", "-t", "sentinel")
        assert done.code == 1
        assert "limits.qps.perInstance of v2 is 501 in sentinel, the spec says 500" in done.out

    def test_a_missing_file(self, cli: Cli) -> None:
        cli("compile")
        (cli.folder / ISTIO).unlink()
        done = cli("verify", "--format", "json")
        assert done.code == 1
        assert [item["code"] for item in json.loads(done.out)["diagnostics"] if item["level"] == "error"] == ["GM906"]

    def test_a_stray_file(self, cli: Cli) -> None:
        cli("compile")
        stray = "---\n".join(
            path.read_text() for path in sorted((cli.folder / "rendered/istio").glob("default.shop.*"))
        )
        (cli.folder / "rendered/istio/default.old.yaml").write_text(stray.replace("shop", "old"))
        done = cli("verify")
        assert done.code == 1
        assert "error[GM904]" in done.out
        assert "rendered/istio/default.old.yaml" in done.out

    def test_what_is_not_understood(self, cli: Cli) -> None:
        cli("compile")
        cli.edit(ISTIO, "  http:", "  tcp: [{route: [{destination: {host: x}}]}]\n  http:")
        done = cli("verify")
        assert done.code == 1
        assert "error[GM905]" in done.out

    def test_the_schemas_of_engines_take_what_was_compiled(self, cli: Cli) -> None:
        cli("compile")
        done = cli("verify", "--schemas")
        assert done.code == 0
        assert "no schema is known for the files of sentinel" in done.err

    @pytest.mark.parametrize(
        ("old", "new", "at", "said"),
        [
            (
                "  hosts:\n    - shop",
                "  hostz:\n    - shop",
                "hostz",
                "'hostz' is not a key here; did you mean 'hosts'?",
            ),
            ("  http:\n", "  exportTo: far\n  http:\n", "far\n", "'far' is not of type 'array'"),
            (
                "everyone\n      match:\n        - port: 8080",
                "everyone\n      match:\n        - port: five",
                "five",
                "'five' is not of type 'integer'",
            ),
        ],
    )
    def test_what_the_schema_of_an_engine_does_not_take(self, cli: Cli, old: str, new: str, at: str, said: str) -> None:
        cli("compile")
        cli.edit(ISTIO, old, new)
        assert "GM909" not in cli("verify").out
        done = cli("verify", "--schemas", "--format", "json")
        (found,) = (each for each in json.loads(done.out)["diagnostics"] if each["code"] == "GM909")
        assert f"{found['message']}; {found['help']}".removesuffix("; ").endswith(said)
        before = (cli.folder / ISTIO).read_text().partition(at)[0]
        place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
        assert (done.code, found["file"], found["line"], found["column"]) == (1, ISTIO, *place)

    def test_nothing_on_disk(self, cli: Cli) -> None:
        done = cli("verify")
        assert done.code == 1
        assert "error[GM906]" in done.out

    def test_an_interrupted_write(self, cli: Cli) -> None:
        cli("compile")
        (cli.folder / "rendered/.graymesh-staging").mkdir()
        for command in (["verify"], ["compile", "--check"]):
            done = cli(*command)
            assert done.code == 1
            assert "error[GM917]" in done.out
        assert cli("compile").code == 0
        assert cli("verify").code == 0


class TestRoute:
    @pytest.mark.parametrize(
        ("arguments", "answer"),
        [
            (["--header", "X-Gray-Version: v2"], "v2\n  route 'testers': header x-gray-version is \"v2\"\n"),
            (["--header", "x-gray-version:v2"], "v2\n  route 'testers'"),
            (["--cookie", "beta=1"], "5% v2 and 95% v1\n  route 'everyone'"),
            (["--cookie", "beta=1", "--stage", "gray-20"], "v2\n  route 'beta'"),
            (["--bucket", "7c0d"], "v2\n  route 'ticket-v2'"),
            (["--bucket", "7c0e"], "v1\n  route 'ticket-v1'"),
            (["--bucket", "7c0e", "--stage", "gray-20"], "v2\n  route 'ticket-v2'"),
            (["--header", "X-Gray-Version: v2", "--target", "istio"], "v2 (mesh)\n  route 'testers'"),
            (["--bucket", "a273", "-t", "istio"], "v1 (mesh)\n  route 'ticket-v1'"),
            (
                [],
                "5% v2 and 95% v1\n  route 'everyone': everyone else\n  ticket: a ticket in gray-ticket for 720h",
            ),
        ],
    )
    def test_version_and_reason(self, cli: Cli, arguments: list[str], answer: str) -> None:
        done = cli("route", SHOP, *arguments)
        assert done.code == 0
        assert done.out.startswith(answer)

    def test_json(self, cli: Cli) -> None:
        found = json.loads(cli("route", SHOP, "--header", "X-Gray-Version: v2", "--format", "json").out)
        assert found["answers"][0]["version"] == "v2"
        assert found["answers"][0]["route"] == "testers"
        assert found["whenDown"] == {"v2": {"istio": "503 from Envoy"}}

    @pytest.mark.parametrize(
        ("arguments", "line"),
        [
            (["--header", "X-Gray-Version: v2"], "if v2 is down: 503 from Envoy"),
            ([], "if v2 is down: 503 from Envoy"),
            (["--header", "X-Gray-Version: v2", "-t", "istio"], "if v2 is down: 503 from Envoy"),
            (["--bucket", "500"], ""),
        ],
    )
    def test_what_users_of_a_dead_canary_get(self, cli: Cli, arguments: list[str], line: str) -> None:
        said = cli("route", SHOP, *arguments).out.splitlines()
        assert [each for each in said if "is down" in each] == [line] * bool(line)

    def test_stable_answers_for_a_dead_canary_where_the_engine_can(self, cli: Cli) -> None:
        spec = str(ROOT / "tests/cases/fallback-to-stable/spec.yaml")
        assert cli("route", spec, "--bucket", "7c0d").out.endswith("\nif v2 is down: 503 from Envoy, v1 by nginx\n")
        assert cli("route", spec, "--bucket", "7c0d", "-t", "nginx").out.endswith("\nif v2 is down: v1 by nginx\n")

    @pytest.mark.parametrize(
        "arguments",
        [
            [".", "--path", "/"],
            [SHOP, "--header", "X-Gray-Version"],
            [SHOP, "--cookie", "beta"],
            [SHOP, "--bucket", "10000"],
            [SHOP, "--bucket", "03FF"],
            [SHOP, "--bucket", "3ff"],
            [SHOP, "--source", "1.2.3"],
            [SHOP, "--host", "elsewhere.example.com", "--target", "istio"],
        ],
    )
    def test_wrong_usage(self, cli: Cli, arguments: list[str]) -> None:
        assert cli("route", *arguments).code == 2

    def test_a_bad_release(self, cli: Cli) -> None:
        cli.edit(SHOP, "stable: v1", "stabel: v1")
        done = cli("route", SHOP)
        assert done.code == 1
        assert "error[GM101]" in done.out


class TestTest:
    def test_all_pass(self, cli: Cli) -> None:
        done = cli("test")
        assert (done.code, done.err) == (0, "graymesh: 3 tests, 0 failures\n")

    def test_one_that_the_release_itself_fails(self, cli: Cli) -> None:
        cli.edit(SHOP, "{v2: 5%, v1: 95%}", "v1")
        done = cli("test", "--format", "concise")
        assert done.code == 1
        assert "releases/shop.yaml:27:29: error[GM213] this test fails at stage 'gray-5': GET / to " in done.out
        assert ": expected v1, got v1 95%, v2 5%: route" in done.out
        assert "error[GM907]" not in done.out

    def test_a_target_that_disagrees_is_named(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        import graymesh.compile.target_tests as module
        from graymesh.compile.compiler import decoded

        def without_the_first_route(*arguments: object) -> list[object]:
            from dataclasses import replace

            from graymesh.ir.release import RouteTable

            services = decoded(*arguments)  # type: ignore[arg-type]
            return [replace(one, table=RouteTable(one.table.routes[1:])) for one in services]

        monkeypatch.setattr(module, "decoded", without_the_first_route)
        done = cli("test", "--format", "concise")
        assert done.code == 1
        assert (
            "error[GM907] test 1 fails on istio at stage 'gray-5': GET / with header x-gray-version: v2 to " in done.out
        )
        assert ": expected v2, got 5% v2 and 95% v1: " in done.out
        assert "GM213" not in done.out

    def test_no_tests_at_all(self, cli: Cli) -> None:
        assert cli("test", "releases/cart.yaml").code == 2


class TestRead:
    def test_our_own(self, cli: Cli) -> None:
        cli("compile")
        done = cli("read", "-t", "istio", "rendered/istio")
        assert done.code == 0
        assert 'shop.default.svc.cluster.local (mesh)\n  1. header x-gray-version is "v2" -> v2\n' in done.out
        assert "-> 5% v2 and 95% v1" in done.out

    def test_what_is_not_understood_is_named(self, cli: Cli) -> None:
        cli("compile")
        cli.edit(ISTIO, "  http:", "  tcp: [{route: [{destination: {host: x}}]}]\n  http:")
        done = cli("read", "-t", "istio", ISTIO)
        assert done.code == 1
        assert f"{ISTIO}:" in done.out
        assert "not understood" in done.out

    def test_json(self, cli: Cli) -> None:
        cli("compile")
        found = json.loads(cli("read", "-t", "sentinel", "rendered/sentinel", "--format", "json").out)
        assert found["refusals"] == []
        assert {"version": "v2", "name": "limits.qps.perInstance", "value": 500} in found["services"][0]["settings"]

    def test_standard_input(self, cli: Cli) -> None:
        done = process("read", "-t", "istio", "-", input=cli("compile", "--stdout", "-t", "istio").out)
        assert done.returncode == 0
        assert "shop.default.svc.cluster.local" in done.stdout

    def test_a_folder_without_artifacts(self, cli: Cli) -> None:
        assert cli("read", "-t", "sentinel", "releases").code == 2

    def test_bytes_that_are_no_text(self, cli: Cli) -> None:
        (cli.folder / "x.yaml").write_bytes(b"a: 1\nb: \xff\n")
        done = cli("read", "-t", "istio", "x.yaml")
        assert done.code == 1
        assert "GM905" in done.out


class TestExplain:
    def test_every_code(self, cli: Cli) -> None:
        codes = self.listed(cli)["code"]
        assert "GM901" in codes
        for code in codes:
            done = cli("explain", code.lower())
            assert (done.code, done.out.startswith(code)) == (0, True)

    def listed(self, cli: Cli) -> dict[str, list[str]]:
        """The first column of every table that `explain` alone prints, by the words over it."""
        tables = [table.splitlines() for table in cli("explain").out.split("\n\n")]
        return {lines[0].split("  ")[0]: [line.split("  ")[0] for line in lines[1:]] for lines in tables}

    def test_everything_that_is_listed_has_a_page(self, cli: Cli) -> None:
        listed = self.listed(cli)
        assert list(listed) == ["code", "target", "feature", "key of a release", "key of graymesh.yaml"]
        assert listed["target"] == list(target_names())
        assert listed["feature"] == list(FEATURES)
        for name, file in (("key of a release", "rollout"), ("key of graymesh.yaml", "project")):
            assert listed[name] == [key.path for key in keys_of(file)]
        for topic in [*listed["target"], *listed["feature"]]:
            assert cli("explain", topic).code == 0, topic

    @pytest.mark.parametrize("kind", ["rollout", "project"])
    def test_every_key_by_its_path(self, cli: Cli, kind: str) -> None:
        for key in keys_of(kind):
            done = cli("explain", key.path)
            assert done.code == 0, key.path
            assert key.doc in done.out and f"Type: {key.type}." in done.out, key.path
            assert cli("explain", key.path.replace("[]", "[0]").replace(NAME, "mine")).out == done.out, key.path

    @pytest.mark.parametrize(
        ("topic", "words"),
        [
            ("shadowed-route", "GM201"),
            ("gm201-shadowed-route", "GM201"),
            ("cookie.regex", "spring-cloud-gateway"),
            ("cookie", "any pair of that name"),
            ("sticky", "ticket"),
            ("spec.sticky.cookie", "carries a user's ticket"),
            ("resilience.retries", "perTry"),
            ("spec.routes.name", "name"),
            ("stages[].weight", "Percent of the users"),
            ("stages[2].weight", "Percent of the users"),
            ("maxAge", "720h"),
            ("sticky", "spec.sticky"),
            ("split", "spec.stages[].split"),
            ("versions.v1.endpoints", "Addresses of its instances"),
            ("targets", "targets (graymesh.yaml)"),
            ("targets.nginx.trustedProxies", "10.0.0.0/8"),
            ("name", "spec.workload.name"),
            ("output", "Folder"),
        ],
    )
    def test_names_features_and_keys(self, cli: Cli, topic: str, words: str) -> None:
        done = cli("explain", topic)
        assert done.code == 0
        assert words in done.out

    @pytest.mark.parametrize(
        "topic", ["quux-is-not-a-thing", "spec.quux", "", ".", "[]", "<name>", "stages[].x", "\x1b[31m"]
    )
    def test_unknown(self, cli: Cli, topic: str) -> None:
        done = cli("explain", topic)
        assert (done.code, done.out) == (2, "")
        assert "nothing is called" in done.err
        assert "\x1b" not in done.err


class TestTargetsSchemaCompletion:
    def test_targets(self, cli: Cli) -> None:
        done = cli("targets", "istio", "sentinel")
        assert done.code == 0
        assert done.out.splitlines()[0].split() == ["feature", "istio", "sentinel"]
        assert "\nlimits.qps" in done.out

    def test_targets_json(self, cli: Cli) -> None:
        assert json.loads(cli("targets", "--format", "json").out)["istio"]["header"] == {"support": "native"}

    @pytest.mark.parametrize("kind", ["rollout", "project"])
    def test_schema_is_the_one_in_the_checkout(self, cli: Cli, kind: str) -> None:
        stored = ROOT / "schemas" / f"{kind}.v1alpha1.schema.json"
        assert cli("schema", kind).out == stored.read_text()

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
    def test_completion_scripts(self, cli: Cli, shell: str) -> None:
        done = cli("completion", shell)
        assert done.code == 0
        assert "_GRAYMESH_COMPLETE" in done.out

    @pytest.mark.parametrize(
        ("shell", "check"),
        [
            ("bash", ["bash", "-n"]),
            ("zsh", ["zsh", "-f", "-n"]),
            ("fish", ["fish", "--no-execute"]),
            ("powershell", ["pwsh", "-NoProfile", "-Command", "[scriptblock]::Create((Get-Content -Raw $args[0]))"]),
        ],
    )
    def test_each_shell_reads_its_script(self, cli: Cli, tmp_path: Path, shell: str, check: list[str]) -> None:
        if shutil.which(check[0]) is None:
            pytest.skip(f"{check[0]} is not installed, so its completion script is not read by it")
        script = tmp_path / f"graymesh.{shell}"
        script.write_text(cli("completion", shell).out)
        done = subprocess.run([*check, script], capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")

    @pytest.mark.parametrize(
        ("shell", "asks"),
        [
            (
                ["bash", "--norc", "-c"],
                'eval "$(graymesh completion bash)"; COMP_WORDS=(graymesh @@); COMP_CWORD=$((${#COMP_WORDS[@]}-1));'
                ' _graymesh_completion graymesh; printf "%s\\n" "${COMPREPLY[@]}"',
            ),
            (
                ["zsh", "-f", "-c"],
                'compdef() { }; eval "$(graymesh completion zsh)"; words=(graymesh @@); CURRENT=${#words};'
                " compadd() { print -l $completions }; _describe() { print -l ${completions_with_descriptions} };"
                " _graymesh_completion",
            ),
            (["fish", "--no-config", "-c"], 'graymesh completion fish | source; complete -C "graymesh @@"'),
        ],
        ids=["bash", "zsh", "fish"],
    )
    def test_shells_complete(self, cli: Cli, shell: list[str], asks: str) -> None:
        if shutil.which(shell[0]) is None:
            pytest.skip(f"{shell[0]} is not installed, so nothing is completed in it")
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        expected = {
            "comp": ["compile", "completion"],
            "compile -t is": ["istio"],
            "explain sticky.m": ["sticky.maxAge"],
        }
        for words, names in expected.items():
            command = [*shell, asks.replace("@@", words)]
            env = {**os.environ, "PATH": path}
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=env)
            lines = [line for line in done.stdout.splitlines() if line]
            assert [re.split(r"[:\t]", line)[0] for line in lines] == names, done.stderr
            if words == "comp" and shell[0] != "bash":
                assert "Compile releases for their engines, prove it, write it." in lines[0]

    @pytest.mark.parametrize(
        ("words", "incomplete", "expected"),
        [
            (["graymesh"], "comp", ["compile", "completion"]),
            (["graymesh", "compile", "-t"], "is", ["istio"]),
            (["graymesh", "lint", "--format"], "js", ["json"]),
            (["graymesh", "lint"], "--sel", ["--select"]),
            (["graymesh", "explain"], "gm20", [f"GM20{digit}" for digit in range(1, 10)]),
            (["graymesh", "explain"], "sticky.m", ["sticky.maxAge"]),
        ],
    )
    def test_completion_in_each_shell(self, cli: Cli, words: list[str], incomplete: str, expected: list[str]) -> None:
        line = [*words, incomplete]
        shells = {
            "bash": {"COMP_WORDS": " ".join(line), "COMP_CWORD": str(len(words))},
            "powershell": {"COMP_WORDS": "\n".join(line), "COMP_WORD": incomplete},
        }
        for shell, variables in shells.items():
            env = {**os.environ, **variables, "_GRAYMESH_COMPLETE": f"{shell}_complete", "PYTHONPATH": str(ROOT)}
            done = process(env=env)
            assert done.returncode == 0
            found = [line.removeprefix("plain,").split("\t")[0] for line in done.stdout.splitlines()]
            assert found == expected


class TestInit:
    def test_writes_a_project_that_compiles(self, cli: Cli, tmp_path: Path) -> None:
        new = tmp_path / "new"
        done = cli("init", str(new), "--yes", "--name", "pay", "-t", "istio")
        assert done.code == 0
        assert sorted(str(path.relative_to(new)) for path in new.rglob("*.yaml")) == [
            "graymesh.yaml",
            "releases/pay.yaml",
        ]
        assert cli("compile", str(new)).code == 0
        assert cli("verify", str(new)).code == 0
        assert cli("test", str(new)).code == 0

    def test_with_every_default(self, cli: Cli, tmp_path: Path) -> None:
        assert cli("init", str(tmp_path / "new"), "--yes").code == 0
        assert cli("lint", str(tmp_path / "new"), "--fail-on", "warning").code == 0
        assert cli("compile", str(tmp_path / "new")).code == 0

    def test_overwrites_nothing(self, cli: Cli) -> None:
        before = (cli.folder / "graymesh.yaml").read_text()
        done = cli("init", "--yes", "--name", "new", "-t", "istio")
        assert done.code == 2
        assert (cli.folder / "graymesh.yaml").read_text() == before
        assert not (cli.folder / "releases/new.yaml").exists()

    @pytest.mark.parametrize("name", ["../x", "Shop", "a b", 'x", kind: "y', "x\ny", "{}", "no"])
    def test_a_name_is_never_more_than_a_name(self, cli: Cli, tmp_path: Path, name: str) -> None:
        done = cli("init", str(tmp_path / "new"), "--yes", "--name", name, "-t", "istio")
        written = sorted(str(path.relative_to(tmp_path / "new")) for path in (tmp_path / "new").rglob("*.yaml"))
        if name == "no":
            assert (done.code, written) == (0, ["graymesh.yaml", "releases/no.yaml"])
        else:
            assert (done.code, written) == (1, [])
