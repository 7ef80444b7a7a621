"""Trees as text. Every argument passes through its quoting function; nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from graymesh.targets.nginx import quoting
from graymesh.targets.nginx.tree import Argument, ConfigurationFile, Directive, Item, Regex, Remark

_INDENT = "    "
_MAPS = frozenset(["map"])


def emit(trees: Sequence[ConfigurationFile]) -> dict[str, str]:
    """Path → text. Raises `quoting.UnwritableError` for what no nginx file can hold."""
    return {tree.path: tree.text or "\n".join(_lines(tree.items, "", in_map=False)) + "\n" for tree in trees}


def _lines(items: Iterable[Item], indent: str, *, in_map: bool) -> Iterator[str]:
    for item in items:
        if isinstance(item, Remark):
            yield indent + quoting.comment(item.text) if item.text else ""
        else:
            yield from _directive(item, indent, in_map)


def _directive(directive: Directive, indent: str, in_map: bool) -> Iterator[str]:
    words = [_name(directive.name, in_map), *map(_argument, directive.arguments)]
    if directive.body is None:
        yield f"{indent}{' '.join(words)};"
        return
    yield f"{indent}{' '.join(words)} {{"
    yield from _lines(directive.body, indent + _INDENT, in_map=directive.name in _MAPS)
    yield indent + "}"


def _name(name: str | Regex, in_map: bool) -> str:
    if isinstance(name, Regex):
        return quoting.map_regex(name.pattern)
    return quoting.map_key(name) if in_map and name != "default" else quoting.token(name)


def _argument(argument: Argument) -> str:
    return quoting.token(argument) if isinstance(argument, str) else quoting.value(argument)
