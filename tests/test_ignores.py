# ruff: noqa: F811  the fixture `cli` is another module's
"""Comments that leave findings out: which findings, at which places, and what is said about the comments."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graymesh.diagnostic import Span
from graymesh.lint.engine import all_rules
from graymesh.lint.ignores import refusal
from graymesh.source import load
from tests.helpers import everything_said
from tests.test_cli import SHOP, Cli, cli  # noqa: F401

SPEC = """\
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  service: {port: 80}
  stable: v1
  versions: {v1: {endpoints: [10.0.1.1:80]}}
  audiences:
    a: [{cookies: {a: "1"}}]
    b:
      - cookies: {b: "1"}
      - cookies: {b: "1"}
  targets: {nginx: {}}
"""
UNUSED_A, UNUSED_B, IDLE = ("GM203", 9), ("GM203", 10), ("GM202", 12)
ALL = [UNUSED_A, UNUSED_B, IDLE]


def said(text: str) -> list[tuple[str, int]]:
    return sorted((each.code, each.span.line) for each in everything_said([text]))


def behind(line: int, comment: str) -> str:
    lines = SPEC.splitlines()
    lines[line - 1] += f" # graymesh: {comment}"
    return "\n".join(lines) + "\n"


def above(line: int, comment: str) -> str:
    lines = SPEC.splitlines()
    lines.insert(line - 1, f"  # graymesh: {comment}")
    return "\n".join(lines) + "\n"


def test_without_comments() -> None:
    assert said(SPEC) == sorted(ALL)


@pytest.mark.parametrize(
    ("line", "codes", "left"),
    [
        (9, "GM203", [UNUSED_B, IDLE]),
        (9, "gm203", [UNUSED_B, IDLE]),
        (10, "GM203", [UNUSED_A, IDLE]),
        (10, "GM203, GM202", [UNUSED_A]),
        (10, "GM202", [UNUSED_A, UNUSED_B]),
        (12, "GM202", [UNUSED_A, UNUSED_B]),
        (8, "GM203", [IDLE]),
        (8, "GM203,GM202", []),
        (4, "GM202,GM203", []),
    ],
)
def test_behind_a_node(line: int, codes: str, left: list[tuple[str, int]]) -> None:
    assert said(behind(line, f"ignore[{codes}] -- reason")) == sorted(left)


@pytest.mark.parametrize(
    ("line", "codes", "left"),
    [
        (9, "GM203", [("GM202", 13), ("GM203", 11)]),
        (10, "GM203,GM202", [("GM203", 9)]),
        (12, "GM202", [("GM203", 9), ("GM203", 10)]),
        (8, "GM203,GM202", []),
    ],
)
def test_on_a_line_of_its_own(line: int, codes: str, left: list[tuple[str, int]]) -> None:
    assert said(above(line, f"ignore[{codes}] -- reason")) == left


def test_several_comments_are_about_the_same_node() -> None:
    text = above(10, "ignore[GM203] -- one\n\n    # a remark\n    # graymesh: ignore[GM202] -- two")
    assert said(text) == [("GM203", 9)]


def test_an_item_whose_dash_stands_above() -> None:
    text = SPEC.replace(
        '      - cookies: {b: "1"}\n  targets',
        '      - # graymesh: ignore[GM202] -- reason\n        cookies: {b: "1"}\n  targets',
    )
    assert said(text) == [UNUSED_A, UNUSED_B]


def test_the_place_that_is_shown_is_always_one_for_the_comment() -> None:
    """A collection below its key: the comment on its first line is about it, but not about what else it holds."""
    text = SPEC.replace('    a: [{cookies: {a: "1"}}]', '    a:\n      [{cookies: {a: "1"}}]')
    source = load(text, "spec.yaml")
    assert source.span(("spec", "audiences", "a")).line == 10
    found = source.bound(Span(10, 40, 10, 60))
    assert found.covers(("spec", "audiences", "a"))
    assert found.covers(("spec", "audiences", "a", 0, "cookies"))
    assert not found.covers(("spec", "audiences"))


@pytest.mark.parametrize(
    "value",
    [
        '"x # graymesh: ignore[GM203] -- no comment"',
        "'x # graymesh: ignore[GM203] -- no comment'",
        "x#graymesh:ignore[GM203]--no-comment",
        "|-\n      x\n      # graymesh: ignore[GM203] -- no comment",
        '"x\n      # graymesh: ignore[GM203] -- no comment"',
    ],
)
def test_a_sign_inside_of_a_string_is_no_comment(value: str) -> None:
    note = f"annotations:\n    note: {value}"
    text = SPEC.replace("metadata: {name: shop}", f"metadata:\n  name: shop\n  {note}")
    codes = {each.code for each in everything_said([text])}
    assert not codes & {"GM030", "GM031", "GM032"}
    assert "GM002" not in codes


def test_behind_the_sign_of_a_block() -> None:
    note = "annotations:\n    note: |- # graymesh: ignore[GM203] -- a comment\n      x"
    text = SPEC.replace("metadata: {name: shop}", f"metadata:\n  name: shop\n  {note}")
    assert "GM031" in {each.code for each in everything_said([text])}


@pytest.mark.parametrize(
    ("comment", "code"),
    [
        ("ignore[GM203]", "GM030"),
        ("ignore[GM203] --", "GM030"),
        ("ignore[GM203] because", "GM030"),
        ("ignore[] -- reason", "GM030"),
        ("ignore GM203 -- reason", "GM030"),
        ("ignore", "GM030"),
        ("ingore[GM203] -- reason", "GM030"),
        ("ignore[GM204] -- reason", "GM031"),
        ("ignore[GM999] -- reason", "GM032"),
        ("ignore[GM301] -- reason", "GM032"),
        ("ignore[GM403] -- reason", "GM032"),
        ("ignore[GM901] -- reason", "GM032"),
        ("ignore[GM031] -- reason", "GM032"),
        ("ignore[GM101] -- reason", "GM032"),
    ],
)
def test_comments_that_leave_nothing_out(comment: str, code: str) -> None:
    assert said(behind(9, comment)) == sorted([*ALL, (code, 9)])


def test_the_end_of_the_file_has_nothing_after_it() -> None:
    found = everything_said([SPEC + "# graymesh: ignore[GM203] -- reason\n"])
    assert [each.message for each in found if each.code == "GM031"] == [
        "this ignore is not needed: there is nothing after it"
    ]


@pytest.mark.parametrize(("written", "meant"), [("GM2033", "GM203"), ("unused-audience", "GM203")])
def test_an_unknown_code_comes_with_a_suggestion(written: str, meant: str) -> None:
    (found,) = [each for each in everything_said([behind(9, f"ignore[{written}] -- x")]) if each.code == "GM032"]
    assert repr(written) in found.message
    assert meant in found.help


def test_errors_stay_errors_unless_their_rule_says_otherwise() -> None:
    for rule in all_rules():
        if rule.level == "error" and rule.code not in ("GM201", "GM205", "GM515"):
            assert refusal(rule), f"{rule.code} could be left out"
        if rule.code.startswith("GM9"):
            assert refusal(rule)


@settings(max_examples=60, deadline=None)
@given(line=st.integers(1, 13), code=st.sampled_from([r.code for r in all_rules()]), own=st.booleans())
def test_a_comment_hides_nothing_but_its_code(line: int, code: str, own: bool) -> None:
    """Whatever the comment says: findings of other codes are there as before, and it never adds an error."""
    text = (above if own else behind)(line, f"ignore[{code}] -- reason")
    found = everything_said([text])
    assert {c for c, _ in ALL} - {each.code for each in found} <= {code}
    assert not any(each.level == "error" for each in found)


class TestCommands:
    COMMENT = "  # graymesh: ignore[GM507, GM506] -- watched by hand\n"

    def test_lint(self, cli: Cli) -> None:
        assert cli("lint", SHOP, "--fail-on", "warning").code == 1
        cli.edit(SHOP, "  stages:\n", self.COMMENT + "  stages:\n")
        done = cli("lint", SHOP, "--fail-on", "info")
        assert (done.code, done.out) == (0, "")
        assert cli("lint", SHOP, "--fail-on", "info") == done, "remembered as well"

    def test_what_is_not_looked_for_is_not_called_unused(self, cli: Cli) -> None:
        cli.edit(SHOP, "  stages:\n", self.COMMENT + "  stages:\n")
        assert cli("lint", SHOP, "--select", "GM2,GM031").out == ""

    def test_compile(self, cli: Cli) -> None:
        shadowed = "    - {name: again, audience: testers, version: v1}\n  sticky"
        cli.edit(SHOP, "  sticky", shadowed)
        assert "GM201" in cli("compile").out
        cli.edit(SHOP, "version: v1}\n  sticky", "version: v1} # graymesh: ignore[GM201] -- goes with v1\n  sticky")
        done = cli("compile")
        assert done.code == 0
        assert "GM201" not in done.out
        assert cli("verify").code == 0

    def test_compile_writes_nothing_unproven(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        """Verification finds a difference, and a comment says to ignore that."""
        from graymesh.compile import compiler
        from graymesh.compile.verify import Discrepancy
        from graymesh.diagnostic import Diagnostic

        everywhere = "# graymesh: ignore[GM901] -- we know\nspec:"
        cli.edit(SHOP, "spec:", everywhere)
        difference = Diagnostic(code="GM901", message="traffic differs", path=("spec",))
        monkeypatch.setattr(compiler, "verify", lambda *_: [Discrepancy("default/shop", difference)])
        done = cli("compile")
        assert (done.code, "GM901" in done.out, Path("rendered").exists()) == (1, True, False)
