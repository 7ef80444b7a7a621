"""Conditions on values that the language does not take, or that engines read differently, are decided as well."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graymesh.compile.verify import labels_of, relabelled
from graymesh.ir.release import Field, Kind, Matcher, OneOf, Prefix, Regex, RouteTable, Suffix, Test
from graymesh.ir.semantics import decide, matches
from graymesh.kit.registry import target
from graymesh.kit.target import View
from graymesh.proof.equivalence import Difference, Equal, Undecided, compare
from graymesh.proof.regex.domain import possible
from graymesh.proof.regex.portable import problems
from tests.helpers import ROOT, case_from
from tests.route_tables import table, when

ROUTING: Final = ("nginx", "istio", "spring-cloud-gateway")
FIELDS: Final = {
    Kind.HEADER: ["a, b", '"a"', "a\tb", "a;b", "{}", "a  b"],
    Kind.COOKIE: ['"YWJj=="', "YWJj==", "a,b", '{"a":1}', "a\\b", "%22"],
    Kind.QUERY: ["ann@b.com", "ann%40b.com", "a+b", "a b", "a:b", "a/b?", "a#b", "<x>"],
    Kind.PATH: ["/a;jsessionid=1", "/a%20b", "//a", "/a/../b", "/a b", "/a[1]", "/A"],
    Kind.HOST: ["shop.example.com.", "a_b.example.com", "[x]"],
    Kind.METHOD: ["PURGE", "get", "M-SEARCH", "GET"],
    Kind.CLAIM: ["a, b", '"a"', "a\tb", "https://x"],
}
PAIRS: Final = [
    (kind, form, one, other)
    for kind, values in FIELDS.items()
    for form in ("exact", "prefix", "suffix", "regex")
    for one, other in pairwise(values)
]


def _matcher(form: str, value: str) -> Matcher:
    pattern = re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value).replace("\t", r"\t")
    return {"exact": OneOf((value,)), "prefix": Prefix(value), "suffix": Suffix(value), "regex": Regex(f"{pattern}x*")}[
        form
    ]


def _field(kind: Kind) -> Field:
    return Field(kind, "x" if kind not in (Kind.PATH, Kind.HOST, Kind.METHOD) else "")


@pytest.mark.parametrize(("kind", "form", "one", "other"), PAIRS)
def test_no_condition_is_empty_or_cut(kind: Kind, form: str, one: str, other: str) -> None:
    found = [table(when(Test(_field(kind), _matcher(form, value)))) for value in (one, other)]
    for left, right in ((found[0], found[1]), (found[0], table()), (table(), found[1])):
        result = compare(left, right)
        assert isinstance(result, Difference), (left, right)
        assert decide(left, result.request).version != decide(right, result.request).version


def test_bytes_beyond_ascii_are_not_decided_when_they_are_named() -> None:
    assert isinstance(compare(table(when(Test(_field(Kind.HEADER), OneOf(("é",))))), table()), Undecided)


# ---------------------------------------------------------------- through every engine's files

CHARS: Final = "ab@%:;,/\"'+= {}[]&#\\~é\t"
ATOMS: Final = st.one_of(
    st.sampled_from([".", "[^a]", "[a-c]", r"\S", r"\s", r"\w", r"\W", r"[^@%]", "[\"']", r"[^\t ]"]),
    st.sampled_from([char for char in CHARS if char.isascii() and char != "\t"]).map(
        lambda char: char if char.isalnum() or char in "@%:;,/\"'= &#~" else f"\\{char}"
    ),
)
REGEXES: Final = st.lists(
    st.tuples(ATOMS, st.sampled_from(["", "", "*", "+", "?", "{1,2}"])), min_size=1, max_size=4
).map(lambda parts: "".join(atom + times for atom, times in parts))
VALUES: Final = st.lists(st.text(CHARS, min_size=1, max_size=4), min_size=20, max_size=40)
KEYS: Final = {Kind.HEADER: "headers", Kind.COOKIE: "cookies", Kind.QUERY: "query", Kind.CLAIM: "claims"}


def _view(name: str, kind: Kind, pattern: str) -> View:
    spec = {
        "service": {"port": 8080, "domains": ["shop.example.com"]},
        "stable": "v1",
        "versions": {v: {"endpoints": [f"10.0.{n}.1:80"]} for n, v in enumerate(("v1", "v2"))},
        "audiences": {"a": [{KEYS[kind]: {"x": {"regex": pattern}}}]},
        "routes": [{"name": "a", "audience": "a", "version": "v2"}],
        "jwt": {"issuer": "https://id.example.com", "jwks": "https://id.example.com/jwks.json"},
        "stages": [{"name": "zero", "weight": 0}],
        "targets": {name: {"gateways": ["istio-system/public"]} if name == "istio" else {}},
    }
    rollout = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"}, "spec": spec}
    case, found = case_from(json.dumps(rollout))
    assert case is not None, found
    return case.view(target(name).manifest)


def _read_back(name: str, view: View) -> RouteTable | None:
    """What the public host gets by the files, versions under the spec's names; None where they are refused."""
    chosen = target(name)
    if any(constraint.level == "error" for constraint in chosen.check(view)):
        return None
    decoded = chosen.decode(chosen.emit(chosen.lower((view,))))
    statements = [each for each in decoded.statements if "shop.example.com" in each.hosts]
    names = {label: version for version, label in labels_of(chosen, view).items()}
    return relabelled(statements[0].decision, names) if statements else None


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(ROUTING), st.sampled_from(list(KEYS)), REGEXES, REGEXES, VALUES)
def test_a_changed_pattern_in_an_artifact_is_found(
    name: str, kind: Kind, one: str, other: str, values: list[str]
) -> None:
    if problems(one) or problems(other) or not target(name).manifest.can(f"{kind}.regex"):
        return
    view = _view(name, kind, one)
    asked, written = view.tables[0].table, _read_back(name, view)
    if written is not None:
        assert not isinstance(compare(asked, written, target(name).manifest.unseen), Difference), (one, written)
    changed = _read_back(name, _view(name, kind, other))
    if changed is None:
        return
    unseen = set(target(name).manifest.unseen.get(kind, ""))
    told = [
        value
        for value in values
        if value.isascii() and possible(kind, value) and not unseen & set(value)
        if matches(Regex(one), value) != matches(Regex(other), value)
    ]
    if told:
        assert not isinstance(compare(asked, changed, target(name).manifest.unseen), Equal), (one, other, told[0])


# ---------------------------------------------------------------- the whole command line

CASE: Final = ROOT / "tests" / "cases" / "query-of-an-address"
CHANGES: Final = {
    "domain": ("b[.]com", "c[.]com"),
    "sign": ("+@b", "+[.]b"),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(CASE / "spec.yaml", tmp_path / "rollout.yaml")
    return tmp_path


def _graymesh(*arguments: object) -> tuple[int, str]:
    words = [sys.executable, "-m", "graymesh", *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, cwd=ROOT)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", ROUTING)
@pytest.mark.parametrize("change", ["domain", "sign"])
def test_verify_finds_what_was_done_to_the_pattern(project: Path, name: str, change: str) -> None:
    assert _graymesh("compile", project)[0] == 0
    assert _graymesh("verify", project)[0] == 0
    old, new = CHANGES[change]
    changed = 0
    for file in (project / "rendered" / name).rglob("*.*"):
        text = file.read_text(encoding="utf-8")
        lines = [line if line.lstrip().startswith("#") else line.replace(old, new) for line in text.splitlines(True)]
        changed += "".join(lines) != text
        file.write_text("".join(lines), encoding="utf-8")
    assert changed
    code, output = _graymesh("verify", project, "-t", name)
    assert code == 1
    assert "GM901" in output
    assert "@b.com" in output


def test_diff_says_whom_a_deleted_route_concerns(project: Path) -> None:
    text = (project / "rollout.yaml").read_text(encoding="utf-8")
    (project / "new").mkdir()
    lines = [line for line in text.splitlines(True) if "name: mail" not in line]
    without = "".join(lines).replace("  routes:\n", "").replace("mail:", "unused:")
    (project / "new" / "rollout.yaml").write_text(without, encoding="utf-8")
    (project / "old").mkdir()
    (project / "old" / "rollout.yaml").write_text(text, encoding="utf-8")
    _, output = _graymesh("diff", project / "old", project / "new")
    assert "@b.com" in output, output


@pytest.mark.parametrize("name", ROUTING)
def test_verify_finds_the_route_sent_to_the_other_version(project: Path, name: str) -> None:
    text = (project / "rollout.yaml").read_text(encoding="utf-8")
    other = project.parent / f"{project.name}-other"
    other.mkdir()
    (other / "rollout.yaml").write_text(text.replace("mail, version: v2", "mail, version: v1"), encoding="utf-8")
    assert _graymesh("compile", project, "-t", name)[0] == 0
    assert _graymesh("compile", other, "-t", name)[0] == 0
    shutil.rmtree(project / "rendered" / name)
    shutil.copytree(other / "rendered" / name, project / "rendered" / name)
    code, output = _graymesh("verify", project, "-t", name)
    assert code == 1
    assert "GM901" in output
    assert "@b.com" in output
