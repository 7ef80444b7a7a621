"""Trees as text. Every argument passes through its quoting function; nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from graymesh.targets.nginx import quoting
from graymesh.targets.nginx.tree import Argument, ConfigurationFile, Directive, Item, MapRegex, Remark

_INDENT: Final = "    "
_TABLES: Final = frozenset(["map", "geo", "split_clients"])
"""Blocks of keys and values, which stand in columns."""

_WIDEST: Final = 48
"""Characters of a key that the column makes room for."""


def emit(trees: Sequence[ConfigurationFile]) -> dict[str, str]:
    """Path → text. Raises `quoting.UnwritableError` for what no nginx file can hold."""
    return {tree.path: tree.text or "\n".join(_lines(tree.items, "")) + "\n" for tree in trees}


def _lines(items: Iterable[Item], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Remark):
            yield indent + quoting.comment(item.text) if item.text else ""
        elif item.body is None:
            yield f"{indent}{' '.join(_words(item))};{_remark(item)}"
        else:
            yield f"{indent}{' '.join(_words(item))} {{{_remark(item)}"
            yield from _table(item) if item.name in _TABLES else _lines(item.body, indent + _INDENT)
            yield indent + "}"


def _table(block: Directive) -> Iterator[str]:
    entries = [item for item in block.body or () if isinstance(item, Directive)]
    keys = [_key(entry.name, block.name == "map") for entry in entries]
    width = max((len(key) for key in keys if len(key) <= _WIDEST), default=0)
    for key, entry in zip(keys, entries, strict=True):
        words = [key.ljust(width) if entry.arguments else key, *map(_argument, entry.arguments)]
        yield f"{_INDENT}{' '.join(words)};{_remark(entry)}"


def _words(directive: Directive) -> list[str]:
    if directive.name == "if":
        return ["if", *(f"({_argument(each)})" for each in directive.arguments)]
    return [_key(directive.name, in_map=False), *map(_argument, directive.arguments)]


def _remark(directive: Directive) -> str:
    return f" {quoting.comment(directive.remark)}" if directive.remark else ""


def _key(name: str | MapRegex, in_map: bool) -> str:
    if isinstance(name, MapRegex):
        return quoting.map_regex(name.pattern)
    return quoting.map_key(name) if in_map and name != "default" else quoting.token(name)


def _argument(argument: Argument) -> str:
    return quoting.token(argument) if isinstance(argument, str) else quoting.value(argument)
