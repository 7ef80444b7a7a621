# ruff: noqa: F811  the fixture `cli` is another module's
"""`--fix`: what is mended, what is left alone, and the laws: once is enough, comments stay, nothing gets worse."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graymesh.diagnostic import Diagnostic, Edit, Span
from graymesh.did_you_mean import certain
from graymesh.lint.fix import fixed
from graymesh.proof.equivalence import EQUAL, compare
from graymesh.source.edits import apply
from tests.helpers import case_from, everything_said
from tests.test_cli import SHOP, Cli, cli, process  # noqa: F401

SPEC = """\
# the release of the shop
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop} # who
spec:
  service: {port: 80, domains: [shop.example.com]}   # where
  stable: v1
  # versions
  versions:
    v1: {endpoints: [10.0.1.1:80]}
    v2:
      endpoints:
        - 10.0.2.1:80
        # the second one
        - 10.0.2.2:80 # new
  audiences:
    testers: [{headers: {X-Version: "1.10"}, method: [GET, POST], path: {prefix: /api}, source: 10.0.0.0/8}]
    beta: # early ones
      - cookies: {beta: "1"}
  routes:
    - {name: testers, audience: testers, version: v2} # first
    - name: beta # then
      audience: beta
      version: v2
      from: gray-5
  stages:
    - {name: gray-5, weight: 5, hold: 30m}
    - {name: full, weight: 100} # all
  sticky: {cookie: gray-ticket}
  targets: {nginx: {listen: 8080, trustedProxies: [10.0.0.0/8]}} # engines
# the end
"""
MISTAKES = {
    "unknown key": ("  stable: v1", "  stabel: v1"),
    "unknown key in a list": ("from: gray-5", "form: gray-5"),
    "unknown kind": ("kind: Rollout", "kind: rollout"),
    "number for text": ('X-Version: "1.10"', "X-Version: 1.10"),
    "text for a number": ("weight: 5,", 'weight: "5%",'),
    "lower-case method": ("method: [GET, POST]", "method: [get, POST]"),
    "path without its slash": ("prefix: /api", "prefix: api"),
    "bits of hosts": ("source: 10.0.0.0/8", "source: 10.1.2.3/8"),
    "slash at the end": ("prefix: /api}", "prefix: /api/}"),
    "regular expression for everything": (
        "    testers: [{headers: {",
        '    testers: [{headers: {X-Any: {regex: ".*"}, ',
    ),
    "regular expression without need": (
        "    testers: [{headers: {",
        '    testers: [{headers: {X-Any: {regex: "(a|b)"}, ',
    ),
    "reference": ("audience: beta", "audience: bata"),
    "name of a stage": ("{name: gray-5, ", "{name: Gray_5, "),
    "name of an audience": ("    testers: [", "    Testers: ["),
    "target": ("{nginx: {", "{ngnix: {"),
    "option": ("{listen: 8080", "{listn: 8080"),
    "entry twice, in brackets": ("domains: [shop.example.com]", "domains: [shop.example.com, shop.example.com]"),
    "entry twice, on lines": ("        # the second one\n", "        - 10.0.2.1:80\n        # the second one\n"),
    "same condition twice": ('      - cookies: {beta: "1"}\n', '      - cookies: {beta: "1"}\n' * 2),
    "dot at the end": ("domains: [shop.example.com]", "domains: [shop.example.com.]"),
    "needless loss": ("# the end", "  accept:\n" + "    - {code: GM303, reason: no}\n" * 2 + "# the end"),
    "needless loss, in brackets": ("# the end", "  accept: [{code: GM303, reason: no}]\n# the end"),
    "needless ignore": ("  stable: v1", "  stable: v1 # graymesh: ignore[GM204] -- x"),
    "needless ignore above": ("  stable: v1", "  # graymesh: ignore[GM204, GM205] -- x\n  stable: v1"),
}


def look(text: str) -> list[Diagnostic]:
    return everything_said([text])


def errors(text: str) -> list[str]:
    return [str(each) for each in look(text) if each.level == "error"]


def comments(text: str) -> list[str]:
    return [found for found in re.findall(r"(?<!\S)#.*", text) if "graymesh:" not in found]


def with_mistakes(names: list[str]) -> str:
    text = SPEC
    for name in names:
        old, new = MISTAKES[name]
        text = text.replace(old, new, 1)
    return text


def test_the_spec_has_nothing_to_mend() -> None:
    assert not [each for each in look(SPEC) if each.level == "error" or each.edits]


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_mended(name: str) -> None:
    text = with_mistakes([name])
    assert text != SPEC
    done = fixed(text, look)
    assert done.mended
    assert not done.refused
    if "regular" not in name:
        assert everything(done.text) == everything(SPEC)
    assert comments(done.text) == comments(text)


def everything(text: str) -> object:
    """What a text says, names of an audience and a stage aside."""
    from graymesh.source import load

    return json.loads(json.dumps(load(text, "spec.yaml").data).lower())


@pytest.mark.parametrize(
    ("name", "written"), [("for everything", "{X-Any: {present: true},"), ("without need", "{X-Any: [a, b],")]
)
def test_a_regular_expression_becomes_what_it_means(name: str, written: str) -> None:
    text = with_mistakes([f"regular expression {name}"])
    done = fixed(text, look).text
    assert written in done
    before, after = (case_from(each)[0] for each in (text, done))
    assert before and after
    assert compare(before.release.table, after.release.table) == EQUAL


@settings(max_examples=120, deadline=None)
@given(names=st.lists(st.sampled_from(sorted(MISTAKES)), unique=True, max_size=8), crlf=st.booleans())
def test_mending_twice_is_mending_once_and_comments_stay(names: list[str], crlf: bool) -> None:
    text = with_mistakes(names)
    text = text.replace("\n", "\r\n") if crlf else text
    once = fixed(text, look)
    assert fixed(once.text, look).text == once.text
    assert comments(once.text) == comments(text)
    assert once.text.count("\r\n") == (once.text.count("\n") if crlf else 0)
    assert len(errors(once.text)) <= len(errors(text))


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_whatever_the_text_nothing_gets_worse(data: st.DataObject) -> None:
    """Lines of a spec with mistakes are dropped, doubled and moved: all that is mended still loads."""
    lines = with_mistakes(data.draw(st.lists(st.sampled_from(sorted(MISTAKES)), unique=True, max_size=6))).splitlines()
    for _ in range(data.draw(st.integers(0, 3))):
        index = data.draw(st.integers(0, len(lines) - 1))
        lines[index : index + 1] = data.draw(st.sampled_from([[], [lines[index]] * 2, ["  " + lines[index]]])) or [""]
    text = "\n".join(lines) + "\n"
    done = fixed(text, look)
    before, after = {each.code for each in look(text)}, {each.code for each in look(done.text)}
    assert not any(code.startswith("GM0") and code < "GM030" for code in after - before)
    assert comments(done.text) == comments(text)
    assert fixed(done.text, look).text == done.text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: v2} # first", "version: v3} # first"),  # another version is no misspelt one
        ("from: gray-5", "from: gray-50"),
        ("hold: 30m", "hold: 30"),  # seconds or minutes?
        ("metadata: {name: shop}", "metadata: {name: Shop}"),  # a name that others know
        ("    v2:\n", "    V2:\n"),  # pods carry it
        ("- 10.0.2.2:80 # new", "- 10.0.2.1:80 # new"),  # a comment would be lost
        ('X-Version: "1.10"', "X-Version: &version 1.10"),  # who knows what else it stands for
    ],
)
def test_what_is_not_certain_is_left_alone(old: str, new: str) -> None:
    text = SPEC.replace(old, new, 1)
    assert text != SPEC
    assert errors(text)
    assert fixed(text, look).text == text


def test_an_edit_that_would_do_harm_is_refused_and_said() -> None:
    """The renamed key stands there already, so that the text would not load."""

    def looked(text: str) -> list[Diagnostic]:
        if "stable: v1\n  stable" in text:
            return [Diagnostic(code="GM003", message="twice")]
        edit = Edit(span=Span(8, 3, 8, 9), text="stable")
        good = Edit(span=Span(3, 7, 3, 14), text="ROLLOUT")
        found = [Diagnostic(code="GM101", message="unknown", edits=(edit,))]
        return found + ([Diagnostic(code="GM104", message="case", edits=(good,))] if "Rollout" in text else [])

    text = SPEC.replace("  # versions\n", "  stabel: v1\n")
    done = fixed(text, looked)
    assert done.text == text.replace("Rollout", "ROLLOUT")
    assert [(finding.code, harm.code) for finding, harm in done.refused] == [("GM101", "GM003")]


def test_edits_that_overlap_are_not_done() -> None:
    with pytest.raises(ValueError, match="overlap"):
        apply("abc\n", [Edit(span=Span(1, 1, 1, 3)), Edit(span=Span(1, 2, 1, 4))])


@pytest.mark.parametrize(
    ("word", "options", "found"),
    [
        ("stabel", ["stable", "stage"], "stable"),
        ("v3", ["v1", "v2"], None),
        ("v11", ["v1"], None),
        ("gray5", ["gray-5", "gray-50"], "gray-5"),
        ("time", ["timeout"], None),
        ("betas", ["beta-a", "beta-b"], None),
        ("Header", ["header"], "header"),
        ("ab", ["a-b", "a_b"], None),
    ],
)
def test_certain(word: str, options: list[str], found: str | None) -> None:
    assert certain(word, options) == found


class TestCommand:
    def test_fix_writes_and_reports_what_is_left(self, cli: Cli) -> None:
        cli.edit(SHOP, "stable: v1", "stabel: v1  # the old one")
        cli.edit(SHOP, "weight: 5,", "weight: 5, hlod: x, ")
        cli.edit(SHOP, "hlod: x, ", "")
        done = cli("lint", SHOP, "--fix", "--format", "concise")
        assert (done.code, done.err) == (0, f"graymesh: {SHOP}: 1 mended\n")
        assert "GM507" in done.out
        assert "GM101" not in done.out
        assert "stable: v1  # the old one" in Path(SHOP).read_text()

    def test_a_whole_project(self, cli: Cli) -> None:
        for name in (SHOP, "releases/cart.yaml"):
            cli.edit(name, "stable: v1", "stabel: v1")
        assert cli("lint", "--fix").code == 0
        assert cli("lint").code == 0

    def test_an_error_that_stays_counts(self, cli: Cli) -> None:
        cli.edit(SHOP, "stable: v1", "stabel: v9")
        done = cli("lint", SHOP, "--fix", "--format", "concise")
        assert done.code == 1
        assert "GM101 is not mended: it would lead to GM111" in done.err
        assert "stabel: v9" in Path(SHOP).read_text()

    def test_diff_writes_nothing_and_reports_everything(self, cli: Cli) -> None:
        plain = cli("lint", SHOP, "--format", "concise")
        assert cli("lint", SHOP, "--diff", "--format", "concise") == plain, "nothing to mend, nothing to show"
        cli.edit(SHOP, "stable: v1", "stabel: v1")
        before = Path(SHOP).read_text()
        plain = cli("lint", SHOP, "--format", "concise")
        for options in (["--diff"], ["--fix", "--diff"]):
            done = cli("lint", SHOP, *options, "--format", "concise")
            assert done.code == plain.code == 1
            assert done.out.endswith(plain.out)
            assert "-  stabel: v1\n+  stable: v1\n" in done.out
            assert Path(SHOP).read_text() == before
        assert cli("lint", SHOP, "--diff", "--fail-on", "never").code == 0

    def test_diff_keeps_json_json(self, cli: Cli) -> None:
        cli.edit(SHOP, "stable: v1", "stabel: v1")
        done = cli("lint", SHOP, "--diff", "--format", "json")
        (found,) = json.loads(done.out)["diagnostics"]
        assert found["edits"] == [{"line": 6, "column": 3, "endLine": 6, "endColumn": 9, "text": "stable"}]
        assert "+  stable: v1" in done.err

    def test_standard_input(self, cli: Cli) -> None:
        text = Path(SHOP).read_text().replace("stable: v1", "stabel: v1")
        done = process("lint", "-", "--diff", input=text)
        assert (done.returncode, "+  stable: v1" in done.stdout) == (1, True)
        done = process("lint", "-", "--fix", input=text)
        assert (done.returncode, done.stdout) == (2, "")
        assert "--diff" in done.stderr

    def test_bytes_around_the_change_stay(self, cli: Cli) -> None:
        data = b"\xef\xbb\xbf" + Path(SHOP).read_bytes().replace(b"\n", b"\r\n")
        Path(SHOP).write_bytes(data.replace(b"stable: v1", b"stabel: v1"))
        Path(SHOP).chmod(0o640)
        assert cli("lint", SHOP, "--fix").code == 0
        assert Path(SHOP).read_bytes() == data
        assert Path(SHOP).stat().st_mode & 0o777 == 0o640

    def test_behind_a_link(self, cli: Cli) -> None:
        Path("real.yaml").write_text(Path(SHOP).read_text().replace("stable: v1", "stabel: v1"))
        Path(SHOP).unlink()
        Path(SHOP).symlink_to("../real.yaml")
        assert cli("lint", SHOP, "--fix").code == 0
        assert Path(SHOP).is_symlink()
        assert "stable: v1" in Path("real.yaml").read_text()

    def test_a_file_that_changes_meanwhile_is_not_overwritten(
        self,
        cli: Cli,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        from graymesh.lint import fix

        cli.edit(SHOP, "stable: v1", "stabel: v1")
        real = fix.fixed

        def slow(text: str, look: fix.Look) -> fix.Fixed:
            Path(SHOP).write_text("somebody: else\n")
            return real(text, look)

        monkeypatch.setattr(fix, "fixed", slow)
        done = cli("lint", SHOP, "--fix")
        assert (done.code, "the file changed" in done.err) == (2, True)
        assert Path(SHOP).read_text() == "somebody: else\n"
        assert sorted(path.name for path in Path("releases").iterdir()) == ["cart.yaml", "shop.yaml"]

    def test_broken_text_is_left_alone(self, cli: Cli) -> None:
        cli.edit(SHOP, "stable: v1", "stabel: [")
        before = Path(SHOP).read_bytes()
        assert cli("lint", SHOP, "--fix").code == 1
        assert Path(SHOP).read_bytes() == before
