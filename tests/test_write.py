"""Writing: all or nothing, only inside the folder, only over what graymesh wrote itself."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graymesh.compile import write as writing
from graymesh.compile.folder import Folder
from graymesh.compile.write import STAGING, Output, findings, open_output, plan, write
from graymesh.compile.written import read_lists
from graymesh.diagnostic import Refused
from graymesh.language.project import JOURNAL, LISTS

OLD = {"istio/default.shop.yaml": "old\n", "istio/default.gone.yaml": "gone\n", "nginx/server.conf": "same\n"}
RELEASES = {"default.shop": "default.shop", "default.gone": "default.gone", "shop": "default.shop"}
UNFINISHED = f"{STAGING}0123456789abcdef"
"""The folder of a write that was cut short, or made to look like one."""
NEW = {"istio/default.shop.yaml": "new\n", "nginx/server.conf": "same\n", "sentinel/shop/v2/flow-rules.json": "[]\n"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "rendered"


@pytest.fixture
def folder(out: Path) -> Iterator[Folder]:
    with open_output(out, out.parent, create=True) as opened:
        yield opened


def tree(path: Path) -> dict[str, str]:
    """All files below, without the lists of them."""
    found = {str(file.relative_to(path)): file.read_text() for file in path.rglob("*") if file.is_file()}
    return {name: text for name, text in found.items() if name != JOURNAL and not name.startswith(f"{LISTS}/")}


def listed(path: Path) -> list[str]:
    """The files that the lists tell of."""
    with open_output(path, path.parent) as opened:
        return read_lists(opened).paths


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


def compiled(out: Path, files: dict[str, str], force: bool = False, **options: tuple[str, ...]) -> writing.WritePlan:
    with open_output(out, out.parent, create=True) as opened:
        return write(opened, Output(files=files, releases=RELEASES, **options), force)


def codes(error: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [item.code for item in error.value.diagnostics]


def test_writes_the_files_and_a_list_of_them(out: Path) -> None:
    compiled(out, OLD)
    assert tree(out) == OLD
    assert listed(out) == sorted(OLD)
    assert names(out) == [LISTS, "istio", "nginx"]


def test_replaces_prunes_and_adds(out: Path) -> None:
    compiled(out, OLD)
    compiled(out, NEW)
    assert tree(out) == NEW


def test_a_second_write_touches_nothing(out: Path) -> None:
    compiled(out, OLD)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert not compiled(out, OLD).changes
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("*")}


def test_the_list_is_the_same_whatever_the_order(out: Path, tmp_path: Path) -> None:
    compiled(out, OLD)
    compiled(tmp_path / "other", dict(reversed(OLD.items())))
    lists = [
        {path.name: path.read_bytes() for path in (top / LISTS).rglob("*.sums")} for top in (out, tmp_path / "other")
    ]
    assert lists[0] == lists[1]
    assert sorted(lists[0]) == ["default.gone.sums", "default.shop.sums", "server.conf.sums"]


def test_an_emptied_folder_goes_and_a_foreign_file_stays(out: Path) -> None:
    compiled(out, {"sentinel/a/v1/flow-rules.json": "[]\n", "sentinel/b/v1/flow-rules.json": "[]\n"})
    (out / "sentinel" / "b" / "notes.md").write_text("mine")
    compiled(out, {"istio/a.yaml": "a\n"})
    assert tree(out) == {"istio/a.yaml": "a\n", "sentinel/b/notes.md": "mine"}
    assert not (out / "sentinel" / "a").exists()


def test_a_scope_leaves_other_targets_alone(out: Path) -> None:
    compiled(out, OLD)
    compiled(out, {"istio/default.shop.yaml": "new\n"}, scope=("istio/",))
    assert tree(out) == {"istio/default.shop.yaml": "new\n", "nginx/server.conf": "same\n"}
    assert listed(out) == ["istio/default.shop.yaml", "nginx/server.conf"]


def test_an_edited_file_is_neither_overwritten_nor_pruned(out: Path) -> None:
    compiled(out, OLD)
    (out / "istio" / "default.shop.yaml").write_text("edited\n")
    (out / "istio" / "default.gone.yaml").write_text("edited too\n")
    with pytest.raises(Refused) as error:
        compiled(out, NEW)
    assert codes(error) == ["GM912", "GM912"]
    assert tree(out)["istio/default.shop.yaml"] == "edited\n"
    assert tree(out)["istio/default.gone.yaml"] == "edited too\n"
    assert "sentinel/shop/v2/flow-rules.json" not in tree(out)


def test_force_overwrites_an_edited_file(out: Path) -> None:
    compiled(out, OLD)
    (out / "istio" / "default.shop.yaml").write_text("edited\n")
    (out / "istio" / "default.gone.yaml").write_text("edited too\n")
    compiled(out, NEW, force=True)
    assert tree(out) == NEW


def test_a_folder_without_a_list_keeps_what_collides(out: Path) -> None:
    (out / "istio").mkdir(parents=True)
    (out / "istio" / "default.shop.yaml").write_text("somebody's\n")
    with pytest.raises(Refused) as error:
        compiled(out, NEW)
    assert codes(error) == ["GM914"]
    assert tree(out) == {"istio/default.shop.yaml": "somebody's\n"}


def test_the_same_file_without_a_list_is_adopted(out: Path) -> None:
    compiled(out, NEW)
    shutil.rmtree(out / LISTS)
    compiled(out, NEW)
    assert listed(out) == sorted(NEW)


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_where_a_file_belongs_is_refused_even_by_force(out: Path, force: bool) -> None:
    (out / "istio" / "default.shop.yaml").mkdir(parents=True)
    with pytest.raises(Refused) as error:
        compiled(out, NEW, force=force)
    assert codes(error) == ["GM914"]


@pytest.mark.parametrize("force", [False, True])
def test_a_file_where_a_folder_belongs_is_refused_even_by_force(out: Path, force: bool) -> None:
    out.mkdir()
    (out / "sentinel").write_text("a file")
    with pytest.raises(Refused) as error:
        compiled(out, NEW, force=force)
    assert codes(error) == ["GM914"]
    assert tree(out) == {"sentinel": "a file"}


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a/../../x", "a//x", "./x", "", ".hidden", "a/.git/x", "a\\x", "C:x", "a\nx", "a/", "ä"]
)
def test_a_path_that_could_leave_the_folder_is_refused(out: Path, path: str) -> None:
    with pytest.raises(Refused) as error:
        compiled(out, {path: "x"})
    assert codes(error) == ["GM916"]
    assert sorted(path.name for path in out.parent.iterdir()) == ["rendered"]


def test_paths_that_differ_only_in_case_are_refused(out: Path) -> None:
    with pytest.raises(Refused) as error:
        compiled(out, {"istio/a.yaml": "x", "istio/A.yaml": "y"})
    assert codes(error) == ["GM914"]


@pytest.mark.parametrize(
    "content",
    [
        '{"files": {"../victim": "%s"}}' % ("0" * 64),
        '{"files": {"/etc/passwd": "%s"}}' % ("0" * 64),
        '{"files": {"istio/a.yaml": 1}}',
        '{"files": ["istio/a.yaml"]}',
        "[]",
        "not json",
        "",
        "[" * 100_000,
    ],
)
def test_a_list_that_graymesh_did_not_write_is_refused(out: Path, content: str) -> None:
    (out.parent / "victim").write_text("precious")
    out.mkdir()
    (out / JOURNAL).write_text(content)
    with pytest.raises(Refused) as error:
        compiled(out, NEW)
    assert codes(error) == ["GM916"]
    assert (out.parent / "victim").read_text() == "precious"
    assert tree(out) == {}


@pytest.mark.parametrize(
    "content",
    [
        "../victim\n  %s\n" % ("0" * 64),
        "/etc/passwd\n  %s\n" % ("0" * 64),
        ".graymesh/default.shop.sums\n  %s\n" % ("0" * 64),
        "istio/a.yaml\n",
        "istio/a.yaml\n  0\n",
        "istio/a.yaml\n" + 2 * f"  {'0' * 64}\n",
        "istio/a.yaml\n  00000000\nistio/a.yaml\n  00000000\n",
        "  00000000\n",
        "\n",
        "ä",
        "\x00",
    ],
)
def test_small_lists_that_graymesh_did_not_write_are_refused(out: Path, content: str) -> None:
    (out.parent / "victim").write_text("precious")
    (out / LISTS).mkdir(parents=True)
    (out / LISTS / "default.shop.sums").write_text(content)
    with pytest.raises(Refused) as error:
        compiled(out, NEW, force=True)
    assert codes(error) == ["GM916"]
    assert (out.parent / "victim").read_text() == "precious"
    assert tree(out) == {}


def test_what_else_stands_beside_the_lists_is_left_alone(out: Path) -> None:
    compiled(out, OLD)
    (out / LISTS / "notes.md").write_text("mine")
    compiled(out, {})
    assert [path.name for path in (out / LISTS).iterdir()] == ["notes.md"]


def earlier_list(out: Path) -> None:
    """The list as earlier versions of graymesh kept it, in place of those of today."""
    shutil.rmtree(out / LISTS)
    digests = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in tree(out).items()}
    (out / JOURNAL).write_text(json.dumps({"about": "Files that graymesh wrote …", "files": digests}))


class TestTheListOfEarlierVersions:
    def test_is_replaced_by_the_next_write(self, out: Path) -> None:
        compiled(out, OLD)
        now = {path.name: path.read_bytes() for path in (out / LISTS).rglob("*.sums")}
        earlier_list(out)
        assert TestCheck().found(out, OLD) == [("GM910", LISTS)]
        compiled(out, OLD)
        assert {path.name: path.read_bytes() for path in (out / LISTS).rglob("*.sums")} == now
        assert names(out) == [LISTS, "istio", "nginx"]
        assert TestCheck().found(out, OLD) == []

    def test_says_what_may_be_replaced_and_removed(self, out: Path) -> None:
        compiled(out, OLD)
        earlier_list(out)
        compiled(out, NEW)
        assert tree(out) == NEW

    def test_says_what_was_edited(self, out: Path) -> None:
        compiled(out, OLD)
        earlier_list(out)
        (out / "istio" / "default.gone.yaml").write_text("edited\n")
        with pytest.raises(Refused) as error:
            compiled(out, NEW)
        assert codes(error) == ["GM912"]
        assert (out / JOURNAL).exists()

    def test_counts_beside_the_lists_of_today(self, out: Path) -> None:
        """As a merge of a branch leaves it on which an earlier version was at work."""
        compiled(out, OLD)
        lists = shutil.copytree(out / LISTS, out.parent / "lists")
        (out / "nginx" / "server.conf").write_text("other\n")
        earlier_list(out)
        shutil.copytree(lists, out / LISTS)
        compiled(out, NEW)
        assert tree(out) == NEW
        assert not (out / JOURNAL).exists()

    def test_is_kept_in_part_when_a_part_is_compiled(self, out: Path) -> None:
        compiled(out, OLD)
        earlier_list(out)
        compiled(out, {"istio/default.shop.yaml": "new\n"}, scope=("istio/",))
        assert listed(out) == ["istio/default.shop.yaml", "nginx/server.conf"]
        compiled(out, NEW)
        assert tree(out) == NEW


class TestLinks:
    def test_the_output_folder_is_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "out").symlink_to("elsewhere")
        with pytest.raises(Refused) as error:
            compiled(tmp_path / "out", NEW)
        assert codes(error) == ["GM915"]
        assert list((tmp_path / "elsewhere").iterdir()) == []

    def test_a_parent_is_a_link(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "link").symlink_to("elsewhere")
        monkeypatch.chdir("/")
        for root in (tmp_path, tmp_path / "somewhere"):
            with pytest.raises(Refused) as error, open_output(tmp_path / "link" / "out", root, create=True):
                pass
            assert codes(error) == ["GM915"]
        assert list((tmp_path / "elsewhere").iterdir()) == []

    @pytest.mark.parametrize(
        "name", ["istio", "istio/default.shop.yaml", JOURNAL, LISTS, f"{LISTS}/default.shop.sums", UNFINISHED]
    )
    @pytest.mark.parametrize("force", [False, True])
    def test_a_link_inside(self, out: Path, tmp_path: Path, name: str, force: bool) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).symlink_to(outside)
        with pytest.raises(Refused) as error:
            compiled(out, NEW, force=force)
        assert codes(error)[0] in ("GM915", "GM916")
        assert list(outside.iterdir()) == []

    def test_a_link_put_in_place_between_check_and_write(self, out: Path, tmp_path: Path, monkeypatch) -> None:
        compiled(out, OLD)
        outside = tmp_path / "outside"
        outside.mkdir()

        def swap_then_apply(*arguments: object) -> None:
            (out / "istio").rename(out / "was-istio")
            (out / "istio").symlink_to(outside)
            apply(*arguments)

        apply = writing._apply
        monkeypatch.setattr(writing, "_apply", swap_then_apply)
        with pytest.raises(Refused):
            compiled(out, NEW | {"istio/more.yaml": "more\n"})
        assert list(outside.iterdir()) == []

    def test_a_pruned_path_behind_a_link_is_not_removed(self, out: Path, tmp_path: Path) -> None:
        compiled(out, OLD)
        (out / "istio").rename(tmp_path / "moved")
        (out / "istio").symlink_to(tmp_path / "moved")
        with pytest.raises(Refused):
            compiled(out, {"nginx/server.conf": "same\n"})
        assert names(tmp_path / "moved") == ["default.gone.yaml", "default.shop.yaml"]


class TestCheck:
    def found(self, out: Path, files: dict[str, str]) -> list[tuple[str, str]]:
        with open_output(out, out.parent) as opened:
            result = findings(opened, plan(opened, Output(files=files, releases=RELEASES)), "graymesh compile")
        return [(item.code, os.path.relpath(item.file, out)) for item in result]

    def test_everything_is_current(self, out: Path) -> None:
        compiled(out, NEW)
        assert self.found(out, NEW) == []

    def test_names_each_state(self, out: Path) -> None:
        compiled(out, OLD | {"istio/edited.yaml": "a\n", "istio/lost.yaml": "a\n"})
        (out / "istio/edited.yaml").write_text("b\n")
        (out / "istio/lost.yaml").unlink()
        (out / "sentinel/shop/v2").mkdir(parents=True)
        (out / "sentinel/shop/v2/flow-rules.json").write_text("foreign")
        wanted = NEW | {"istio/edited.yaml": "a\n", "istio/lost.yaml": "a\n"}
        before = tree(out)
        assert self.found(out, wanted) == [
            ("GM913", "istio/default.gone.yaml"),
            ("GM910", "istio/default.shop.yaml"),
            ("GM912", "istio/edited.yaml"),
            ("GM911", "istio/lost.yaml"),
            ("GM914", "sentinel/shop/v2/flow-rules.json"),
        ]
        assert tree(out) == before

    def test_a_list_that_is_behind(self, out: Path) -> None:
        compiled(out, NEW)
        (out / LISTS / "default.shop.sums").unlink()
        assert self.found(out, NEW) == [("GM910", LISTS)]

    def test_says_what_mends_it(self, out: Path) -> None:
        compiled(out, OLD)
        with open_output(out, out.parent) as opened:
            result = findings(opened, plan(opened, Output(files=NEW)), "graymesh compile examples/shop")
        assert all("graymesh compile examples/shop" in item.help for item in result)


def test_two_writers_at_once(out: Path, folder: Folder) -> None:
    assert folder.lock()
    with pytest.raises(Refused) as error:
        compiled(out, NEW)
    assert codes(error) == ["GM918"]
    assert error.value.usage


def failing_at(monkeypatch: pytest.MonkeyPatch, name: str, call: int, error: OSError) -> None:
    real: Callable[..., object] = getattr(os, name)
    calls = iter(range(1_000_000))

    def fails(*args: object, **options: object) -> object:
        if next(calls) == call:
            raise error
        return real(*args, **options)

    monkeypatch.setattr(os, name, fails)


@pytest.mark.parametrize("name", ["write", "fsync", "mkdir"])
@pytest.mark.parametrize("call", [0, 1])
def test_a_full_disk_leaves_the_old_tree(out: Path, monkeypatch, name: str, call: int) -> None:
    compiled(out, OLD)
    with monkeypatch.context() as patch:
        failing_at(patch, name, call, OSError(28, "No space left on device"))
        with pytest.raises(OSError, match="No space"):
            compiled(out, NEW)
    assert tree(out) == OLD
    assert not any(name.startswith(STAGING) for name in names(out))
    compiled(out, NEW)
    assert tree(out) == NEW


KILLED_BEFORE_CALL = """
import json, os, signal, sys
from pathlib import Path
from graymesh.compile.write import Output, open_output, write

number, calls = int(sys.argv[2]), 0

def deadly(real):
    def call(*args, **options):
        global calls
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        calls += 1
        return real(*args, **options)
    return call

with open_output(Path(sys.argv[1]), Path(sys.argv[1]).parent, create=True) as folder:
    for name in ("open", "write", "fsync", "rename", "mkdir", "rmdir", "unlink", "sync"):
        setattr(os, name, deadly(getattr(os, name)))
    releases = {"default.shop": "default.shop", "default.gone": "default.gone", "shop": "default.shop"}
    write(folder, Output(files=json.loads(sys.argv[3]), releases=releases))
print(calls)
"""


def killed(out: Path, number: int, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-S", "-c", KILLED_BEFORE_CALL, str(out), str(number), json.dumps(files)]
    root = str(Path(writing.__file__).parents[1])
    return subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": root}, check=False)


def calls_of_a_write(out: Path) -> int:
    done = killed(out, -1, NEW)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def unfinished(out: Path) -> bool:
    """Is there the list that knows both trees, so that files were being moved?"""
    return (out / JOURNAL).exists()


def visible(out: Path) -> dict[str, str]:
    return {path: text for path, text in tree(out).items() if not path.startswith(".")}


def test_killed_at_any_moment_leaves_the_old_tree_or_ends_in_the_wanted_one(tmp_path: Path) -> None:
    """A real SIGKILL before every third call that could change the disk; whatever is compiled next is complete."""
    compiled(tmp_path / "count", OLD)
    total = calls_of_a_write(tmp_path / "count")
    assert total > 40
    untouched = finished = 0
    for number in range(0, total, 3):
        out = tmp_path / f"out-{number}"
        compiled(out, OLD)
        assert killed(out, number, NEW).returncode == -9
        moving = unfinished(out)
        if moving:
            assert all(text in (OLD.get(path), NEW.get(path)) for path, text in visible(out).items())
        else:
            assert visible(out) in (OLD, NEW)
            untouched += 1
        wanted = {"istio/default.shop.yaml": "newer\n"}
        for files in (NEW, OLD, wanted):
            copy = tmp_path / f"out-{number}-{len(files)}"
            shutil.copytree(out, copy)
            compiled(copy, files)
            assert tree(copy) == files
            with open_output(copy, tmp_path) as opened:
                assert not plan(opened, Output(files=files, releases=RELEASES)).changes
            shutil.rmtree(copy)
        finished += moving
    assert untouched > 5
    assert finished > 5


def test_killed_twice(tmp_path: Path) -> None:
    """The write that mends an interrupted one is killed as well; the files of both are graymesh's."""
    newest = {"istio/default.shop.yaml": "newest\n", "nginx/server.conf": "newest\n"}
    compiled(tmp_path / "begun", OLD)
    total = calls_of_a_write(tmp_path / "begun")
    shutil.rmtree(tmp_path / "begun")
    for number in range(2, total, 11):
        for second in range(number % 7, total, 23):
            out = tmp_path / f"out-{number}-{second}"
            compiled(out, OLD)
            assert killed(out, number, NEW).returncode == -9
            killed(out, second, newest)
            compiled(out, NEW)
            assert tree(out) == NEW
            shutil.rmtree(out)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_hand_s_edit_during_an_interruption_is_kept(out: Path, moment: str) -> None:
    compiled(out, OLD)
    if moment == "after":
        cut_short(out, NEW)
    (out / "istio/default.shop.yaml").write_text("edited\n")
    with pytest.raises(Refused) as error:
        compiled(out, NEW)
    assert codes(error) == ["GM912"]
    assert tree(out)["istio/default.shop.yaml"] == "edited\n"


def test_a_part_is_compiled_after_an_interruption(out: Path) -> None:
    compiled(out, OLD)
    cut_short(out, NEW)
    compiled(out, {"istio/default.shop.yaml": "new\n"}, scope=("istio/",))
    assert not unfinished(out)
    compiled(out, NEW)
    assert tree(out) == NEW


def cut_short(out: Path, files: dict[str, str]) -> None:
    """As a write leaves it that was killed in the middle of its moves."""
    total = calls_of_a_write_of(out, files)
    for number in range(total, 0, -1):
        copy = out.with_name("copy")
        shutil.copytree(out, copy)
        killed(copy, number, files)
        found = unfinished(copy) and visible(copy) not in (OLD, files)
        if found:
            shutil.rmtree(out)
            copy.rename(out)
            return
        shutil.rmtree(copy)
    raise AssertionError("no moment in the middle")


def calls_of_a_write_of(out: Path, files: dict[str, str]) -> int:
    copy = out.with_name("counted")
    shutil.copytree(out, copy)
    done = killed(copy, -1, files)
    shutil.rmtree(copy)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_check_says_that_a_write_was_interrupted(out: Path) -> None:
    compiled(out, OLD)
    (out / UNFINISHED).mkdir()
    with pytest.raises(Refused) as error, open_output(out, out.parent) as opened:
        plan(opened, Output(files=OLD))
    assert codes(error) == ["GM917"]
    assert (out / UNFINISHED).exists()
