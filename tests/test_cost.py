"""What hostile input costs: as much as it is long, or a clear error.

Inputs are so large that whatever grows faster than they do would take minutes or gigabytes. Each is run in a process of
its own under the fuzzing harness's limits (10 s of CPU, 500 MB), of which it takes a small part.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graymesh.diagnostic import Diagnostic, Edit, Span
from graymesh.ir.release import (
    BUCKET_COUNT,
    Absent,
    Buckets,
    Field,
    Kind,
    Matcher,
    OneOf,
    Present,
    Route,
    RouteTable,
    Share,
    Split,
)
from graymesh.ir.release import Test as Asked
from graymesh.ir.semantics import matches
from graymesh.language.errors import MOST_ADVISED
from graymesh.lint import fix, ignores
from graymesh.proof.classes import _listed, _listed_truths, states
from graymesh.proof.equivalence import Steps, UndecidableError, idle, overlap, reachable
from graymesh.proof.regex.portable import effort
from graymesh.source import comments, load
from graymesh.source.edits import Apart
from graymesh.source.scalars import _DISPUTED, disputed
from tests.fuzz.growing import ALL
from tests.helpers import everything_said

ROOT: Final = Path(__file__).parents[1]
SIZES: Final = {
    "ignore comments on lines of their own": 8_000,
    "ignore comments before an entry": 8_000,
    "ignore comments of unknown codes": 16_000,
    "codes of one ignore comment": 100_000,
    "ignore comments mended": 8_000,
    "signs of comments within a line": 40_000,
    "flow items of one line under comments": 40_000,
    "unknown keys": 45_000,
    "unknown keys mended": 45_000,
    "misspelt keys mended": 600,
    "block scalars": 20_000,
    "a long number": 1_000_000,
    "a long number in an engine's file": 1_000_000,
    "costly regular expressions": 99,
    "regular expressions that take everything": 99,
    "sentinel: costly patterns": 5_000,
    "nginx: locations": 30_000,
    "nginx: exact locations": 30_000,
    "nginx: servers": 12_000,
    "nginx: map entries": 24_000,
    "nginx: map regexes": 16_000,
    "nginx: geo": 24_000,
    "nginx: ifs": 20_000,
    "nginx: sets and locations": 12_000,
    "nginx: maps for locations": 30_000,
    "nginx: several maps in a value": 8_000,
    "nginx: a value doubled": 60,
    "nginx: includes": 30_000,
    "nginx: unknown directives": 30_000,
    "istio: services": 10_000,
    "istio: authentications": 30_000,
    "sentinel: fields": 100_000,
    "sentinel: a repeated field": 100_000,
    "sentinel: wrong rules": 20_000,
    "project: patterns": 90,
    "project: steps of a pattern": 300,
    "project: stars of a pattern": 400,
}


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "tests.fuzz.scaling", "--once", json.dumps(SIZES)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=1500)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", SIZES)
def test_a_long_input(name: str, measured: dict[str, dict[str, Any]]) -> None:
    assert measured[name] == {"fault": "", "told": True}


def test_every_growing_input_can_be_made_in_any_size() -> None:
    for name, make in ALL.items():
        assert make(3).words()[0], name


SPEC: Final = """\
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  service: {port: 80}
  stable: v1
  versions: {v1: {endpoints: [10.0.1.1:80]}}
  audiences:
    a: [{cookies: {a: "1"}}]
  targets: {nginx: {}}
"""
COMMENT: Final = "    # graymesh: ignore[GM203] -- because\n"


class TestComments:
    def test_the_places_are_worked_out_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        calls = {"_beginnings": 0, "_column": 0, "_begins": 0}
        for name in calls:
            monkeypatch.setattr(comments, name, self._counted(name, calls))
        text = SPEC.replace("    a:", COMMENT * 500 + "    a:")
        assert len(everything_said([text])) == 499, "the first leaves the finding out, the others are not needed"
        assert calls["_beginnings"] == 1
        assert calls["_column"] == text.count("\n") + 1
        assert calls["_begins"] < 50

    @staticmethod
    def _counted(name: str, calls: dict[str, int]) -> Callable[..., Any]:
        original = getattr(comments, name)

        def counted(*given: Any) -> Any:
            calls[name] += 1
            return original(*given)

        return counted

    def test_comments_about_one_line_share_what_they_are_about(self) -> None:
        source = load(SPEC.replace("    a:", COMMENT * 3 + "    a:"), "a.yaml")
        bounds = [source.bound(span) for span, _ in source.comments("graymesh:")]
        assert bounds[0] is bounds[1] is bounds[2]
        assert bounds[0].subtrees == (("spec", "audiences", "a"),)

    def test_more_codes_than_there_are(self) -> None:
        codes = ", ".join(f"GM{number:03}" for number in range(51))
        found = everything_said([SPEC + f"# graymesh: ignore[{codes}] -- all of them\n"])
        assert [each.message for each in found if each.code == "GM030"] == [
            "this ignore names more than 50 codes, so it leaves nothing out"
        ]

    def test_advice_ends_somewhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ignores, "_MOST_ADVISED", 3)
        text = SPEC + "".join(f"# graymesh: ignore[X{number}] -- because\n" for number in range(5))
        found = [each for each in everything_said([text]) if each.code == "GM032"]
        assert [bool(each.help) for each in found] == [True] * 3 + [False] * 2
        assert found[4].message == "there is no code 'X4'"


def test_advice_about_keys_ends_somewhere() -> None:
    keys = "".join(f"  routed{number}: 1\n" for number in range(MOST_ADVISED + 5))
    found = [each for each in everything_said([SPEC + keys]) if each.code == "GM101"]
    assert len(found) == MOST_ADVISED + 5
    assert sum(bool(each.help) for each in found) == MOST_ADVISED
    assert not found[-1].help, "in the order of the file, and so the same in each run"


class TestNumbers:
    """Plain scalars that look like numbers for a long while."""

    OLD: Final = re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)(?:[eE][-+]?[0-9_]+)?")

    @pytest.mark.parametrize("unit", ["1", "1_", "1.", "_", ":1", "1:", "0", "-", "1e", "."])
    def test_no_reader_of_scalars_goes_back_and_forth(self, unit: str) -> None:
        for end in ("", "x", "_", ".", "e"):
            assert isinstance(disputed("1" + unit * 500_000 + end), str)

    @given(st.text("01_.eE+-x", max_size=12))
    def test_numbers_of_yaml_1_1_are_what_they_were(self, text: str) -> None:
        said = "a number in YAML 1.1, text in YAML 1.2"
        (new,) = [pattern for pattern, reason in _DISPUTED if reason == said]
        assert bool(new.fullmatch(text)) == bool(self.OLD.fullmatch(text))


class TestPatterns:
    def test_hard_patterns_are_more_effort_than_plain_ones(self) -> None:
        assert effort("v[0-9]+") < 1_000 < effort("[ab]*b[ab]{12}c") < 100_000 < effort("a?" * 300)

    def test_a_file_of_too_hard_patterns(self) -> None:
        entries = "".join(f"      - {{headers: {{x: {{regex: '{'a?' * 300}{number}'}}}}}}\n" for number in range(20))
        (found,) = everything_said([SPEC.replace("  targets:", f"    b:\n{entries}  targets:")])
        assert (found.code, found.help) == ("GM116", "use fewer, or simpler ones")
        assert 8 < found.path[3] < 20, "some are taken before it is too much"

    def test_many_plain_patterns(self) -> None:
        entries = "".join(f"      - {{headers: {{x: {{regex: 'v{number}[0-9]+'}}}}}}\n" for number in range(99))
        found = everything_said([SPEC.replace("  targets:", f"    b:\n{entries}  targets:")])
        assert not [each for each in found if each.level == "error"]

    def test_a_file_of_rules_with_too_hard_patterns(self) -> None:
        from graymesh.kit.registry import target

        items = [{"pattern": "/" + "a?" * 300 + str(number), "matchStrategy": 2} for number in range(20)]
        files = {"api-groups.json": json.dumps([{"apiName": "a", "predicateItems": items}])}
        (refusal,) = target("sentinel").decode(files).refusals
        assert (refusal.field, "too large" in refusal.message) == ("pattern", True)


class TestMending:
    SPANS = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(0, 3)).map(
        lambda each: Span(each[0], each[1], each[0], each[1] + each[2])
    )

    @given(st.lists(SPANS, max_size=20))
    def test_edits_that_touch_are_told_as_by_looking_at_all(self, spans: list[Span]) -> None:
        apart, taken = Apart(), list[Span]()
        for span in spans:
            touches = any(self._overlap(span, other) for other in taken)
            assert apart.touches(Edit(span=span)) == touches
            if not touches:
                apart.add([Edit(span=span)])
                taken.append(span)

    @staticmethod
    def _overlap(one: Span, other: Span) -> bool:
        first, second = sorted((one, other))
        return (second.line, second.column) < (first.end_line, first.end_column) or first == second

    def test_of_one_collection_one_entry_at_a_time(self) -> None:
        apart = Apart()
        apart.add([Edit(path=("a", 0), part="entry", span=Span(1, 1, 1, 2))])
        assert apart.touches(Edit(path=("a", 1), part="entry", span=Span(5, 1, 5, 2)))
        assert not apart.touches(Edit(path=("b", 1), part="entry", span=Span(5, 1, 5, 2)))

    def test_looking_again_ends_somewhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A finding that any edit makes worse for another is tried alone, and there may be very many."""
        looks = 0

        def look(text: str) -> list[Diagnostic]:
            nonlocal looks
            looks += 1
            edit = Edit(text="x", span=Span(1, 1, 1, 2))
            mendable = [Diagnostic(code="GM101", message=str(number), edits=(edit,)) for number in range(1000)]
            return mendable if text == "a" else [Diagnostic(code="GM102", message=f"{text} is worse")] * looks

        monkeypatch.setattr(fix, "_MOST_CHARACTERS", 30 * fix._A_LOOK)
        assert fix.fixed("a", look).text == "a"
        assert looks < 30


class TestProof:
    HEADER = Field(Kind.HEADER, "x")
    WORDS = st.lists(st.sampled_from(["a", "b", "00000001", "000001f4", "0000ffff", "v1", "other", "1"]), max_size=4)
    INTERVALS = st.lists(st.tuples(st.integers(0, BUCKET_COUNT - 1), st.integers(0, 300)), min_size=1, max_size=3).map(
        lambda pairs: Buckets(tuple(sorted({(low, min(BUCKET_COUNT - 1, low + more)) for low, more in pairs})))
    )
    MATCHERS = st.lists(
        st.one_of(
            WORDS.map(lambda words: OneOf(tuple(sorted(set(words))))), st.just(Present()), st.just(Absent()), INTERVALS
        ),
        max_size=6,
    ).map(tuple)

    @given(MATCHERS)
    def test_lists_are_looked_up_as_they_match(self, matchers: tuple[Matcher, ...]) -> None:
        from graymesh.ir.buckets import joined

        known = tuple(Buckets(joined(each.intervals)) if isinstance(each, Buckets) else each for each in matchers)
        expected = [
            (sum(matches(matcher, value) << index for index, matcher in enumerate(known)), value)
            for value in _listed(Kind.HEADER, known)
        ]
        assert list(_listed_truths(Kind.HEADER, known)) == expected

    def test_thousands_of_values_are_told_apart(self) -> None:
        matchers = tuple(OneOf((f"v{number}",)) for number in range(4000))
        assert len(states(Kind.HEADER, matchers)) == 4001

    def table(self, count: int) -> RouteTable:
        split = Split((Share(version="v", basis_points=10_000),))
        tests = [(Asked(self.HEADER, OneOf((f"v{number}",))),) for number in range(count)]
        return RouteTable(tuple(Route(name=f"r{at}", condition=(each,), split=split) for at, each in enumerate(tests)))

    def test_questions_share_their_steps(self) -> None:
        assert all(reachable(self.table(50), Steps(10_000)))
        with pytest.raises(UndecidableError):
            reachable(self.table(50), Steps(1_000))

    def test_two_large_conditions(self) -> None:
        large = tuple((Asked(self.HEADER, OneOf((f"v{number}",))),) for number in range(2000))
        with pytest.raises(UndecidableError):
            overlap(large, large, Steps())

    @pytest.mark.parametrize(
        ("values", "covered"),
        [
            ([("a",), ("b",)], [False, False]),
            ([("a",), ("a", "b")], [True, False]),
            ([("a",), ("a",)], [False, True]),
            ([("a",), ("a",), ("a", "b")], [True, True, False]),
            ([("a", "b"), ("b", "c"), ("a", "c")], [True, True, True]),
            ([("a",)], [False]),
        ],
    )
    def test_idle_alternatives(self, values: list[tuple[str, ...]], covered: list[bool]) -> None:
        assert idle([(Asked(self.HEADER, OneOf(each)),) for each in values]) == covered


def test_the_limits_leave_room_for_the_largest_release() -> None:
    """100 routes to audiences of 100 entries each, all different: decided, and in full."""
    audiences = "".join(_audience(number) for number in range(99))
    routes = "".join(f"    - {{name: r{number}, audience: b{number}, version: v2}}\n" for number in range(99))
    text = SPEC.replace("versions: {v1:", "versions: {v2: {endpoints: [10.0.2.1:80]}, v1:")
    text = text.replace("  targets:", f"{audiences}  routes:\n{routes}  targets:")
    found = everything_said([text])
    assert not [each for each in found if "cannot be decided" in each.message or each.level == "error"]


def _audience(number: int) -> str:
    entries: Iterator[str] = (f"      - {{headers: {{x: '{number}-{at}'}}}}\n" for at in range(99))
    return f"    b{number}:\n{''.join(entries)}"
