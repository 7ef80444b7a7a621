"""The only writers of structured text: YAML and JSON, deterministic, with one quoting function each.

Nobody builds YAML or JSON from strings; targets build data and hand it to these functions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_LONGEST_PLAIN_KEY = 1000
"""YAML reads at most 1,024 characters in search of the `:` after a key; longer keys are announced with a `?`."""
_WORDS_WITH_A_TYPE = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"])


@dataclass(frozen=True, slots=True)
class Remarked:
    """A value with comments above it, a line each; what they say may be anybody's words."""

    value: Any
    lines: tuple[str, ...]


def json_text(value: Any) -> str:
    """Indented JSON with a final newline; keys keep their order, all is ASCII.

    Raises ValueError for NaN, infinities and lone surrogates.
    """
    text = json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False) + "\n"
    if "\\ud" in text:
        json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate is no text: a UnicodeEncodeError
    return text


def json_groups_text(groups: Iterable[Sequence[Any]]) -> str:
    """A JSON array of all items, with an empty line between groups: git merges changes on both sides of such a line.

    Raises as `json_text` does.
    """
    texts = [json_text(list(group)).removeprefix("[\n").removesuffix("\n]\n") for group in groups if group]
    return "[\n" + ",\n\n".join(texts) + "\n]\n" if texts else "[]\n"


def yaml_text(*documents: Any) -> str:
    """Block-style YAML of dicts, lists, strings, ints, bools and None; several documents are separated by `---`.

    A document or an item of a list may be `Remarked`.

    Every string that a YAML 1.1 or 1.2 reader could take for another type is double-quoted. Lines are never folded.
    """
    return "---\n".join("".join(_lines(document)) for document in documents)


def filled(template: str, values: Mapping[str, Any]) -> str:
    """YAML text with comments from a template in `graymesh/templates`; every value in it goes through `yaml_flow`.

    Raises jinja2.UndefinedError for a value that the template wants and nobody gives.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701  no HTML: YAML's one quoting function is applied to all that is printed
        loader=PackageLoader("graymesh", "templates"),
        undefined=StrictUndefined,
        finalize=yaml_flow,
        variable_start_string="<<",  # YAML's own braces may stand side by side
        variable_end_string=">>",
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(values)


def yaml_flow(value: Any) -> str:
    """A scalar, or a list of scalars in brackets."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(yaml_scalar, value))}]"
    return yaml_scalar(value)


def yaml_scalar(value: str | int | float | bool | None) -> str:
    """One scalar as YAML reads it back, in any version of YAML."""
    match value:
        case str():
            return _string(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return _finite(value)
    return str(value)


def yaml_comment(text: str) -> str:
    """The text behind a `#`, on one line in any version of YAML."""
    shown = "".join(char if " " <= char <= "~" else f"\\u{ord(char):04x}" for char in text)
    return f"# {shown}".rstrip()


@lru_cache(maxsize=16_384)  # the files of many releases repeat most of their words
def _string(value: str) -> str:
    plain = _PLAIN.fullmatch(value) is not None and value.lower() not in _WORDS_WITH_A_TYPE
    return value if plain else _quoted(value)


def _finite(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(f"{value} has no portable form")
    text = repr(value)
    # YAML 1.1 takes `1e+16` for a string: a number has a point there.
    return text if "." in text else text.replace("e", ".0e")


def _quoted(value: str) -> str:
    text = json.dumps(value, ensure_ascii=False)
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(char if " " <= char <= "~" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"a lone surrogate U+{code:04X} has no text form")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _lines(document: Any) -> list[str]:
    lines: list[str] = []
    _write(document, "", "", lines)
    return lines


def _write(value: Any, indent: str, lead: str, lines: list[str]) -> None:
    """Appends the value's lines; the first one begins with `lead`, the others with `indent`."""
    if isinstance(value, Remarked):
        blanks = lead[: len(lead) - len(lead.lstrip())]
        lines.extend(f"{blanks}{yaml_comment(text)}\n" for text in value.lines)
        _write(value.value, indent, lead, lines)
    elif isinstance(value, (dict, Mapping)) and value:
        for key, child in value.items():
            text = yaml_scalar(key)
            if len(text) > _LONGEST_PLAIN_KEY:
                lines.append(f"{lead}? {text}\n")
                lead, text = indent, ""
            _write_child(child, f"{lead}{text}:", indent, lines)
            lead = indent
    elif isinstance(value, (list, tuple)) and value:
        for child in value:
            _write(child, indent + "  ", f"{lead}- ", lines)
            lead = indent
    else:
        lines.append(f"{lead}{_inline(value)}\n")


def _write_child(child: Any, opening: str, indent: str, lines: list[str]) -> None:
    if type(child) is not str and child and isinstance(child, (dict, list, tuple, Mapping)):
        lines.append(opening + "\n")
        _write(child, indent + "  ", indent + "  ", lines)
    else:
        lines.append(f"{opening} {_inline(child)}\n")


def _inline(value: Any) -> str:
    if isinstance(value, (str, bool, int, float)) or value is None:
        return yaml_scalar(value)
    return "{}" if isinstance(value, Mapping) else "[]"
