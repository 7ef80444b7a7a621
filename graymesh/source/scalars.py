"""What a plain YAML scalar means: the core schema of YAML 1.2, and where other readers would disagree with it."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

LONGEST_NUMBER: Final = 1000
"""Characters; longer runs of digits are refused, since turning them into numbers takes quadratic time."""

NAMED: Final[dict[str, Scalar]] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
}
"""Plain words that are no strings in YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema)."""

BOOLEANS_OF_YAML_1_1: Final = frozenset(
    word for name in ("y", "n", "yes", "no", "on", "off") for word in (name, name.capitalize(), name.upper())
)
"""Plain words that are booleans in YAML 1.1 and strings in YAML 1.2."""

_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASED = re.compile(r"[-+]?0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

# What every reader takes for the same number: PyYAML, SnakeYAML, go-yaml 2 and 3, YAML 1.2 core.
_AGREED_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+")
_AGREED_FLOAT = re.compile(r"(?:[-+]?[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?")
_SIXTY_FOUR_BITS: Final = range(-(2**63), 2**63)

_DISPUTED: Final = (
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9].*)?"), "a date in YAML 1.1, text in YAML 1.2"),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"),
        "a number in base 60 in YAML 1.1, text in YAML 1.2",
    ),
    (re.compile(r"[-+]?0[0-9_]+"), "octal in YAML 1.1, decimal in YAML 1.2"),
    (re.compile(r"[-+]?0(?:[oO][0-7_]+|[bB][01_]+|[xX][0-9a-fA-F_]+)"), "a number to some readers, text to others"),
    (_FLOAT, "a number in YAML 1.2, text to readers of YAML 1.1"),
    (
        re.compile(r"[-+]?(?:[0-9][0-9_]*+(?:\.[0-9_]*+)?|\.[0-9_]++)(?:[eE][-+]?[0-9_]+)?"),
        "a number in YAML 1.1, text in YAML 1.2",
    ),
    (re.compile(r"<<"), "a merge in YAML 1.1, text in YAML 1.2"),
    (re.compile(r"="), "a default value in YAML 1.1, text in YAML 1.2"),
)


def core(text: str) -> Scalar:
    """A plain scalar in YAML 1.2's core schema. Raises ValueError for numbers that are too long or too large."""
    if text in NAMED:
        return NAMED[text]
    if text[0] not in "+-.0123456789":
        return text
    return _number(text)


def _number(text: str) -> Scalar:
    if _DECIMAL.fullmatch(text):
        return int(_bounded(text))
    if _OTHER_BASE.fullmatch(text):
        return int(_bounded(text), 0)
    if _FLOAT.fullmatch(text):
        return _finite(_bounded(text))
    return float(text.replace(".", "")) if _NOT_FINITE.fullmatch(text) else text


def _bounded(text: str) -> str:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"a number of {len(text)} digits is too long")
    return text


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"the number {text[:40]} is too large")
    return value


def disputed(text: str) -> str:
    """How YAML readers disagree about a plain scalar, in words; "" when all take it for the same.

    The readers of YAML 1.1 are its specification, PyYAML, SnakeYAML and go-yaml, which differ in details.
    """
    if text in BOOLEANS_OF_YAML_1_1:
        return "a boolean in YAML 1.1, text in YAML 1.2"
    if not text or text[0] not in "+-.0123456789<=":
        return ""
    if _AGREED_INT.fullmatch(text):
        return "" if _fits(text) else "a number beyond 64 bits, which some readers round"
    if _AGREED_FLOAT.fullmatch(text):
        return ""
    return next((reason for pattern, reason in _DISPUTED if pattern.fullmatch(text)), _disputed_by_go(text))


def _disputed_by_go(text: str) -> str:
    """go-yaml takes out every `_` of what begins like a number before it looks: `-_0` is 0."""
    plain = text.replace("_", "")
    is_number = plain != text and (_FLOAT.fullmatch(plain) or _BASED.fullmatch(plain))
    return "a number to some readers, text to others" if is_number else ""


def _fits(text: str) -> bool:
    return len(text) <= 20 and int(text, 0) in _SIXTY_FOUR_BITS
