"""Plain scalars: YAML 1.2's core schema, and every disagreement of other readers with it."""

from __future__ import annotations

import math
import re
import time
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graymesh.source.scalars import core, disputed

CORE = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "nULL": "nULL",
    "true": True,
    "True": True,
    "TRUE": True,
    "tRUE": "tRUE",
    "false": False,
    "False": False,
    "FALSE": False,
    "yes": "yes",
    "NO": "NO",
    "on": "on",
    "y": "y",
    "0": 0,
    "-0": 0,
    "+12": 12,
    "010": 10,
    "08": 8,
    "0o17": 15,
    "-0o17": "-0o17",
    "0O17": "0O17",
    "0x1F": 31,
    "+0x1F": "+0x1F",
    "0X1F": "0X1F",
    "0b1": "0b1",
    "1_000": "1_000",
    "1.10": 1.1,
    "1.": 1.0,
    ".5": 0.5,
    "-.5": -0.5,
    "+1.5E3": 1500.0,
    "1e3": 1000.0,
    "1e": "1e",
    ".": ".",
    "...": "...",
    "+": "+",
    "-": "-",
    "--1": "--1",
    ".e1": ".e1",
    "1.2.3": "1.2.3",
    "10.0.0.1": "10.0.0.1",
    "22:30": "22:30",
    "2026-01-01": "2026-01-01",
    ".inf": math.inf,
    "-.INF": -math.inf,
    "+.Inf": math.inf,
    ".iNF": ".iNF",
    "inf": "inf",
    "nan": "nan",
    "=": "=",
    "<<": "<<",
    "v1": "v1",
    "١٢": "١٢",
}


@pytest.mark.parametrize("text", CORE)
def test_core_schema(text: str) -> None:
    assert repr(core(text)) == repr(CORE[text])


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_not_a_number(text: str) -> None:
    assert math.isnan(core(text))


@pytest.mark.parametrize("text", ["9" * 1001, "0x" + "f" * 1000, "1e309", "-1e309", "1." + "0" * 1000])
def test_numbers_beyond_measure(text: str) -> None:
    with pytest.raises(ValueError, match="too l"):
        core(text)


AGREED = "0 -0 +1 12 -7 0x1F 1.0 1.10 -1.5 +2.5 1. .5 1.5e+3 1.0e-5 .inf -.inf .nan true False NULL ~ v1 a.b 1.2.3"
AGREED += " 10.0.0.1 10.0.0.1:8080 80:80 5m 1% 500ms v1_2 _1 - -- . .. ... a=b 9223372036854775807 -9223372036854775808"


@pytest.mark.parametrize("text", ["", *AGREED.split()])
def test_agreed(text: str) -> None:
    assert disputed(text) == ""


DISPUTED = {
    "boolean": "y Y n N yes Yes YES no No NO on On ON off Off OFF",
    "octal": "010 08 -010 +07 00 0_7",
    "base 60": "1:20 22:30 190:20:30 12:30:45.5 -1:30",
    "date": "2026-01-01 2026-1-1 2026-01-01T10:00:00Z 2001-12-14t21:59:43.10-05:00",
    "others": "0o17 0O17 0b1 0B1 -0x1F +0x1F 0X1F 0x_1F -_0 +_1 -_.5 -_0x1F",
    "number": "1e3 1.5e3 -.5 +.5 .5e3 1_000 1_0.5 1._5 1__ 1e1_0",
    "64 bits": "9223372036854775808 -9223372036854775809 0xFFFFFFFFFFFFFFFFFF",
    "merge": "<<",
    "default": "=",
}


@pytest.mark.parametrize(("word", "text"), [(word, text) for word, texts in DISPUTED.items() for text in texts.split()])
def test_disputed(word: str, text: str) -> None:
    assert word in disputed(text)


def pyyaml(text: str) -> Any:
    loader = yaml.SafeLoader("")
    node = yaml.ScalarNode(loader.resolve(yaml.ScalarNode, text, (True, False)), text)
    return loader.construct_object(node)


SNAKE_INT = re.compile(
    r"[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+"
)
SNAKE_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?(?:[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)"
    r"|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
GO_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
GO_INT = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)")
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def snake_type(text: str) -> type:
    """The type that SnakeYAML's implicit resolver gives a number; str for all else."""
    if not text or text[0] not in "-+0123456789.":
        return str
    return int if SNAKE_INT.fullmatch(text) else float if SNAKE_FLOAT.fullmatch(text) else str


def go_type(text: str) -> type:
    """The same for go-yaml 2, on which Kubernetes' readers stand."""
    if not text or text[0] not in "-+0123456789.":
        return str
    if NOT_FINITE.fullmatch(text) or (text[0] == "." and GO_FLOAT.fullmatch(text)):
        return float
    plain = text.replace("_", "")
    return str if text[0] == "." else int if GO_INT.fullmatch(plain) else float if GO_FLOAT.fullmatch(plain) else str


NUMERIC = st.text("0123456789+-._:eExXoObBaAfF", max_size=12)
WORDS = st.sampled_from(["yes", "no", "on", "off", "y", "n", "true", "null", "~", "=", "<<", ".inf", ".nan", "-.inf"])
DATES = st.from_regex(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z?)?", fullmatch=True
)
CASED = WORDS.flatmap(lambda word: st.sampled_from([word, word.upper(), word.capitalize()]))


@settings(max_examples=600, deadline=None)
@given(st.one_of(NUMERIC, CASED, DATES, st.floats(allow_nan=False).map(repr), st.integers().map(str)))
@example("1._")
@example("0._")
@example("685_230.15")
@example("02472256")
def test_what_is_agreed_is_read_alike(text: str) -> None:
    if disputed(text):
        return
    ours = core(text)
    assert repr(pyyaml(text)) == repr(ours)
    if type(ours) in (str, int, float):
        assert snake_type(text) is type(ours)
        assert go_type(text) is type(ours)


@pytest.mark.parametrize("text", ["1" + "_" * 200_000, "1:5" * 60_000, "-" * 200_000, "0x" + "_" * 200_000 + "g"])
def test_long_text_takes_linear_time(text: str) -> None:
    start = time.process_time()
    disputed(text)
    assert time.process_time() - start < 0.1
