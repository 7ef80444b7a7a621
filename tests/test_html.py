"""HTML pages: what is on them, that nothing a user wrote acts on a browser, and how the commands write them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from graymesh.diff.model import Artifact, StageStep, Standing
from graymesh.diff.page import drawing, rendering
from graymesh.diff.report import render, sentences
from graymesh.report.shown import inline
from tests.helpers import ROOT
from tests.pages import Page, change_with, project_with, standing

HOSTILE = [
    "</script><script>alert(1)</script>",
    "</title></svg></style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "javascript:alert(1)",
    "&lt;b&gt;&#60;script&#62;&amp;",
    "{{ 7 * 7 }}{% raw %}{# gone #}",
    "<!-- --><![CDATA[ ]]><?php ?>",
    "\u202egnp.exe\u2066\u200b\x1b[2J\x00\r\n\u2028",
    "##[error]x ::error::y",
]
PAGES: dict[str, Callable[[str], str]] = {
    "project": lambda text: rendering.project_page(project_with(text)),
    "diff": lambda text: render("html", change_with(text)),
}


def report(*arguments: str, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "graymesh", "report", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.mark.parametrize("kind", PAGES)
def test_snapshot_of_a_small_page(kind: str, snapshot: SnapshotAssertion) -> None:
    page = PAGES[kind](" & co")
    body = page[page.index("<body>") :]
    assert body == snapshot


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_an_element_or_an_attribute(kind: str, text: str) -> None:
    page = Page(PAGES[kind](text))
    assert page.elements == Page(PAGES[kind]("x")).elements
    assert f"key{inline(text)}" in page.text
    assert not re.search("[\u202e\u2066\u200b\x1b\x00\u2028\r]", "".join(page.texts))


@given(st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_text_leaves_the_page_as_it_is(text: str) -> None:
    for made in PAGES.values():
        assert Page(made(text)).elements == Page(made("x")).elements


@pytest.mark.parametrize("kind", PAGES)
def test_the_policy_lets_in_our_style_sheet_and_nothing_else(kind: str) -> None:
    page = Page(PAGES[kind]("x"))
    digest = b64encode(sha256("".join(page.styles).encode()).digest()).decode()
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not {"script", "link", "img", "iframe", "object", "embed", "form", "base"} & {
        tag for tag, _ in page.elements
    }
    for _, attributes in page.elements:
        assert not any(name.startswith("on") or name in ("style", "src", "srcset") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in "".join(page.styles)
    assert "@import" not in "".join(page.styles)


@pytest.mark.parametrize("kind", PAGES)
def test_pictures_tables_and_links_can_be_read_aloud(kind: str) -> None:
    source = PAGES[kind]("x")
    page = Page(source)
    pictures = [svg for svg in page.all("svg") if svg.get("aria-hidden") != "true"]
    assert pictures
    assert all(svg.get("role") == "img" for svg in pictures)
    assert len(re.findall(r"<svg[^>]*role=\"img\"[^>]*>\s*<title>[^<]+</title>", source)) == len(pictures)
    assert all(cell.get("scope") in ("row", "col") for cell in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    names = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(names) == len(set(names))
    assert {link["href"] for link in page.all("a")} <= {f"#{name}" for name in names}
    assert page.all("a")[0]["class"] == "skip"
    assert page.all("html") == [{"lang": "en"}]
    assert "details" in {tag for tag, _ in page.elements}


def test_stages_are_as_wide_as_their_times() -> None:
    steps = (
        StageStep(name="a", shares=(("v1", 10_000),), hold_ms=1000),
        StageStep(name="b", shares=(("v2", 2500), ("v1", 7500)), hold_ms=3000),
        StageStep(name="c", shares=(("v2", 10_000),)),
    )
    side = Standing(file="", stage="b", stable="v1", hosts=(), routes=(), stages=steps)
    palette = drawing.colors([side])
    first, second, last = drawing.columns(side, palette)
    assert palette == {"v1": "v0", "v2": "v1"}
    assert [column.x for column in (first, second, last)] == ["0%", "20.5%", "82%"]
    assert [column.start_ms for column in (first, second, last)] == [0, 1000, 4000]
    assert [column.here for column in (first, second, last)] == [False, True, False]
    canary, stable = second.bars
    assert (canary.color, canary.y, canary.height, canary.width) == ("v1", "75%", "25%", "61.5%")
    assert (stable.color, stable.y, stable.height) == ("v0", "0%", "75%")


def test_nothing_is_guessed_behind_a_stage_without_a_time() -> None:
    steps = tuple(
        StageStep(name=name, shares=(("v1", 10_000),), hold_ms=hold) for name, hold in (("a", None), ("b", 1000))
    )
    side = Standing(file="", stage="a", stable="v1", hosts=(), routes=(), stages=(*steps, steps[0]))
    assert [column.start_ms for column in drawing.columns(side, {})] == [0, None, None]


def test_the_strip_covers_all_buckets() -> None:
    low, high = drawing.strip_bars(((0, 0xFFF, "v2"), (0x1000, 0xFFFF, "v1")), {"v2": "v1"})
    assert (low.x, low.width, low.color, low.said) == ("0%", "6.25%", "v1", "0000–0fff: v2")
    assert (high.x, high.width, high.color) == ("6.25%", "93.75%", drawing.MIXED)


def test_many_versions_never_look_like_stable() -> None:
    steps = tuple(StageStep(name=str(n), shares=((f"v{n}", 10_000),)) for n in range(20))
    side = Standing(file="", stage="", stable="old", hosts=(), routes=(), stages=steps)
    palette = drawing.colors([side, None])
    assert palette["old"] == "v0"
    assert set(palette.values()) == {f"v{n}" for n in range(drawing.COLORS)}
    assert [name for name, color in palette.items() if color == "v0"] == ["old"]


def test_lines_stand_side_by_side() -> None:
    old = "".join(f"{n}\n" for n in range(1, 21))
    new = old.replace("\n10\n", "\nten\nand\n").replace("\n11\n", "\n")
    found = list(drawing.pairs(Artifact(target="t", path="p", old=old, new=new)))
    changed = [(each.old_line, each.old, each.new_line, each.new) for each in found if each.kind == "changed"]
    assert changed == [(10, "10", 10, "ten"), (11, "11", 11, "and")]
    assert [(each.old_line, each.new_line) for each in found if each.old == "12"] == [(12, 12)]


def test_a_page_holds_so_many_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "MOST_LINES", 2)
    assert "2 more lines do not fit" in Page(rendering.diff_page(change_with("x"), sentences)).text


def test_a_release_without_stages_and_buckets() -> None:
    bare = Standing(file="f", stage="", stable="v1", hosts=(), routes=standing("x").routes)
    assert drawing.columns(bare, {}) == ()
    assert drawing.strip_bars((), {}) == ()


def test_report_writes_the_same_page_every_time(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "shop", tmp_path / "shop")
    report("shop", cwd=tmp_path)
    first = (tmp_path / "report.html").read_bytes()
    printed = report("shop", "-o", "-", cwd=tmp_path).stdout
    assert first == printed
    page = Page(first.decode())
    assert [section["id"] for section in page.all("section")] == ["release-1", "release-2", "release-3", "engines"]
    for word in ("order-service", "sentinel", "spring-cloud-gateway", "✓ verified", "here now", "everyone else"):
        assert word in page.text
    assert "✗" not in page.text


def test_report_of_one_target(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "bookinfo", tmp_path / "b")
    assert "bookinfo.reviews.routes.yaml" in report("b", "-t", "istio", "-o", "-", cwd=tmp_path).stdout.decode()
    assert b"there is no target" in report("b", "-t", "isto", cwd=tmp_path, code=2).stderr


def test_a_project_that_does_not_compile_has_no_page(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "sticky", tmp_path / "s")
    file = tmp_path / "s" / "releases" / "search.yaml"
    file.write_text(file.read_text().replace("stage: gray-20", "stage: half"))
    (tmp_path / "report.html").write_text("mine")
    done = report("s", cwd=tmp_path, code=1)
    assert b"GM213" in done.stdout
    assert b"nothing was written" in done.stderr
    assert (tmp_path / "report.html").read_text() == "mine"


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "sticky", tmp_path / "s")
    assert b"nowhere/x.html" in report("s", "-o", "nowhere/x.html", cwd=tmp_path, code=2).stderr


def test_diff_as_html(tmp_path: Path) -> None:
    case = ROOT / "tests" / "diff" / "stage-step"
    command = [sys.executable, "-m", "graymesh", "diff", "old", "new", "--output", f"html={tmp_path / 'd.html'}"]
    subprocess.run(command, cwd=case, check=True, capture_output=True, timeout=120)
    page = Page((tmp_path / "d.html").read_text(encoding="utf-8"))
    assert "What changes for requests" in page.text
    assert {"gone", "come"} <= {cell.get("class") for cell in page.all("td")}
