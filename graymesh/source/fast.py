"""Reads the plain subset of YAML that people and graymesh mostly write, line by line, or declines.

The subset: block mappings and sequences, one-line flow collections, plain words, numbers, one-line quoted strings,
comments, `---`. For everything else the answer is None, and the caller takes the full parser. What this reader accepts
it reads exactly like the full one: the tests compare both on generated and mutated text. It keeps no positions.
Callers refuse hidden characters and carriage returns before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, TypeAlias

from graymesh.source.scalars import BOOLEANS_OF_YAML_1_1, NAMED, Scalar, core, disputed

_LONGEST_TEXT: Final = 16 * 1024 * 1024
_LONGEST_LINE: Final = 1000  # within the full parser's limits for keys and numbers; bounds the memory of the caches
_CACHED_LINES: Final = 16_384  # lines repeat: a release's files differ from the next one's in few of them
_DEEPEST_BLOCK: Final = 48
_DEEPEST_FLOW: Final = 12
_LETTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/")
_SPECIAL: Final = frozenset(NAMED)
_SPECIAL_IF_STRICT: Final = _SPECIAL | BOOLEANS_OF_YAML_1_1

_CHARS = r"[A-Za-z0-9_./%+@=*~$^()-]"
_REST = rf"{_CHARS}*+(?:[ :]{_CHARS}++)*+"
_PLAIN = rf"(?:[A-Za-z0-9_/]|-[0-9]){_REST}"
_QUOTED = r"""'[^'\t]*+'|"(?:[^"\\\t]|\\["\\bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4})*+\""""
_KEY = rf"[A-Za-z_][A-Za-z0-9_./-]*+|{_QUOTED}"
_LINE = re.compile(
    rf"(?:(---) *+|( *+)((?:- )*+)(?:({_KEY}):(?: ++|$))?+(?:({_PLAIN})|({_QUOTED})|([\[{{][^\t]*+))?+ *+)"
    r"(?:(?<![^ ])#.*)?"
)

# In a flow collection, plain words get quotes, and JSON does the rest. What YAML takes for no string gets none.
_TYPED_WORD = r"(?:true|True|TRUE|false|False|FALSE|null|Null|NULL)[ ,:\]}]"
_TYPED_NUMBER = r"(?:0[ox][0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?)[ ,:\]}]"
_FLOW_WORD = re.compile(
    rf"(?<=[\[{{, ])((?:(?!{_TYPED_WORD})[A-Za-z_/]|(?!{_TYPED_NUMBER})[0-9]){_REST})(?= *+[,\]}}]|: )"
)
_AFTER_FLOW = re.compile(r"(?: +(?:#.*)?)?")


class _DeclinedError(ValueError):
    """The text is outside of the subset."""


_Line: TypeAlias = tuple[int, int, str | None, Scalar, int]
"""Column, new items (dashes) from there on, the key if any, the value, and a state of these:"""
_VALUE, _NO_VALUE, _FLOW, _NOTHING, _MARKER = range(5)


def read(text: str, *, strict: bool) -> list[Any] | None:
    """The data of every document of a text, None for an empty one; None in all when the text is outside of the subset.

    With `strict`, scalars that YAML 1.1 and 1.2 read differently are outside of it too.
    """
    lines = text.split("\n")
    if len(text) > _LONGEST_TEXT or max(map(len, lines)) > _LONGEST_LINE:
        return None
    try:
        return _Reader().documents(map(_strict_line if strict else _core_line, lines))
    except ValueError:
        return None


class _Reader:
    """Puts lines together: the open collections with their columns, and where the innermost awaits a value."""

    def __init__(self) -> None:
        self.read: list[Any] = []
        self.columns = [-1]
        self.nodes: list[Any] = [self.read]
        self.slot: Any = -1
        self.pending = False

    def documents(self, lines: Iterable[_Line]) -> list[Any]:
        """The documents that the lines make. Raises ValueError for what is outside of the subset."""
        columns, nodes = self.columns, self.nodes
        for column, dashes, key, value, state in lines:
            if state > _NO_VALUE:
                if state == _NOTHING:
                    continue
                if state == _MARKER:
                    self._start_document()
                    continue
                value = _flow(value)
            while columns[-1] > column:
                del columns[-1], nodes[-1]
                self.pending = False
            if dashes:
                column = self._items(column, dashes)
            if key is None:
                nodes[-1][-1] = value
                self.pending = False
                continue
            node = nodes[-1]
            if columns[-1] != column or type(node) is list:
                node = self._mapping(column)
            if key in node:
                raise _DeclinedError
            node[key] = value
            self.slot = key
            self.pending = state == _NO_VALUE
        return self.read

    def _start_document(self) -> None:
        self.read.append(None)
        del self.columns[1:], self.nodes[1:]
        self.slot, self.pending = -1, True

    def _items(self, column: int, dashes: int) -> int:
        """New items of sequences at this column and, for further dashes, after it; the column of the content."""
        for _ in range(dashes):
            self._sequence(column).append(None)
            self.slot, self.pending = -1, True
            column += 2
        return column

    def _sequence(self, column: int) -> Any:
        """The open sequence at this column, or a new one; it may stand below its key without indentation."""
        node = self.nodes[-1]
        if self.columns[-1] == column and type(node) is list:
            return node
        return self._opened(column, [], at_least=self.columns[-1] + (type(node) is list))

    def _mapping(self, column: int) -> Any:
        """The mapping around a sequence that has no indentation of its own, or a new one."""
        if self.columns[-1] == column and self.columns[-2] == column:
            del self.columns[-1], self.nodes[-1]
            return self.nodes[-1]
        return self._opened(column, {}, at_least=self.columns[-1] + 1)

    def _opened(self, column: int, node: Any, at_least: int) -> Any:
        if not self.read:
            self._start_document()
        if not self.pending or column < at_least or len(self.columns) > _DEEPEST_BLOCK:
            raise _DeclinedError
        self.nodes[-1][self.slot] = node
        self.columns.append(column)
        self.nodes.append(node)
        return node


@lru_cache(maxsize=_CACHED_LINES)
def _core_line(text: str) -> _Line:
    return _line(text, strict=False)


@lru_cache(maxsize=_CACHED_LINES)
def _strict_line(text: str) -> _Line:
    return _line(text, strict=True)


def _line(text: str, strict: bool) -> _Line:
    """What a line says. Raises ValueError for what is outside of the subset."""
    match = _LINE.fullmatch(text)
    if not match:
        raise _DeclinedError
    marker, indent, dashes, key, plain, quoted, flow = match.groups()
    if not (key or dashes) and (plain or quoted or flow):
        raise _DeclinedError
    if key is not None:
        key = _key(key, _SPECIAL_IF_STRICT if strict else _SPECIAL)
    if plain:
        return len(indent), len(dashes) // 2, key, _plain(plain, strict), _VALUE
    if quoted:
        return len(indent), len(dashes) // 2, key, _unquoted(quoted), _VALUE
    if flow:
        return len(indent), len(dashes) // 2, key, _as_json(flow, strict), _FLOW
    if key is not None:
        return len(indent), len(dashes) // 2, key, None, _NO_VALUE
    if dashes:
        raise _DeclinedError
    return 0, 0, None, None, _MARKER if marker else _NOTHING


def _key(text: str, special: frozenset[str]) -> str:
    if text[0] in "\"'":
        return _unquoted(text)
    if text in special:
        raise _DeclinedError
    return text


def _plain(text: str, strict: bool) -> Scalar:
    if strict and disputed(text):
        raise _DeclinedError
    return core(text)


def _unquoted(text: str) -> str:
    return json.loads(text) if "\\" in text and text[0] == '"' else text[1:-1]


def _as_json(text: str, strict: bool) -> str:
    """A flow collection, and perhaps a comment after it, with quotes around plain words."""
    if (strict and text.rstrip() not in ("{}", "[]")) or text.count("[") + text.count("{") > _DEEPEST_FLOW:
        raise _DeclinedError
    if '"' not in text:
        return _with_quotes(text)
    parts = text.split('"')
    if "\\" in text or len(parts) % 2 == 0:
        raise _DeclinedError
    parts[::2] = map(_with_quotes, parts[::2])
    return '"'.join(parts)


def _with_quotes(text: str) -> str:
    return '"'.join(_FLOW_WORD.split(text))


def _flow(text: Any) -> Any:
    value, end = _JSON.raw_decode(text)
    if end != len(text) and not _AFTER_FLOW.fullmatch(text, end):
        raise _DeclinedError
    return value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise _DeclinedError
    return mapping


def _decline(_: str) -> Any:
    raise _DeclinedError


_JSON = json.JSONDecoder(object_pairs_hook=_without_repetition, parse_float=core, parse_constant=_decline)
