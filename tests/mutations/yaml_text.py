"""YAML text with the place of every node, so that one of them can be changed and all other characters stay.

Block style only, which is how artifacts are written; nothing of graymesh is used to read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

import yaml

Path: TypeAlias = tuple[str | int, ...]
"""Document number, then keys and indexes."""

Edit: TypeAlias = tuple[int, int, str]
"""From, to, what stands there instead."""


class YamlText:
    """The documents of one file; `spans` maps each entry to its characters, the key or dash included."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans: dict[Path, tuple[int, int]] = {}
        self._nodes: dict[Path, yaml.Node] = {}
        for number, root in enumerate(yaml.compose_all(text, Loader=yaml.SafeLoader)):
            self._add((number,), root)
        self.documents: list[Any] = list(yaml.safe_load_all(text))

    def scalars(self) -> Iterator[tuple[Path, Any]]:
        """Every leaf with its value."""
        for path, node in self._nodes.items():
            if isinstance(node, yaml.ScalarNode):
                yield path, self.value(path)

    def value(self, path: Path) -> Any:
        """What stands at the path."""
        found: Any = self.documents
        for step in path:
            found = found[step]
        return found

    def has(self, path: Path) -> bool:
        """Does anything stand there?"""
        return path in self._nodes

    def items(self, path: Path) -> list[Path]:
        """The paths of the entries of a list or mapping, in order; none when nothing stands there."""
        return [found for found in self._nodes if found[:-1] == path] if path in self._nodes else []

    def edited(self, *edits: Edit) -> str:
        """The text after all edits, which do not overlap."""
        text = self.text
        for start, end, new in sorted(edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def setting(self, path: Path, value: Any) -> Edit:
        """The edit that gives a leaf another value; texts are quoted, so that they stay texts."""
        node = self._nodes[path]
        return node.start_mark.index, node.end_mark.index, json.dumps(value)

    def with_value(self, path: Path, value: Any) -> str:
        """The text with another value at one leaf."""
        return self.edited(self.setting(path, value))

    def without(self, path: Path) -> str:
        """The text without one entry of a list or mapping."""
        siblings = self.items(path[:-1])
        if len(siblings) == 1:
            return self._emptied(path[:-1])
        position = siblings.index(path)
        start, end = self.spans[path]
        if position + 1 < len(siblings):
            end = self.spans[siblings[position + 1]][0]
        return self.edited((start, end, ""))

    def swapped(self, one: Path, other: Path) -> str:
        """The text with two entries of one list in each other's place."""
        return self.edited(
            (*self.spans[one], self.text[slice(*self.spans[other])]),
            (*self.spans[other], self.text[slice(*self.spans[one])]),
        )

    def with_values_swapped(self, one: Path, other: Path) -> str:
        """The text with the values of two leaves exchanged."""
        return self.edited(self.setting(one, self.value(other)), self.setting(other, self.value(one)))

    def _emptied(self, path: Path) -> str:
        node = self._nodes[path]
        empty = "[]" if isinstance(node, yaml.SequenceNode) else "{}"
        return self.edited((node.start_mark.index, self._end(node), empty))

    def _end(self, node: yaml.Node) -> int:
        """Where the node's last character stands; blocks reach to the next token, over blank space."""
        return len(self.text[: node.end_mark.index].rstrip())

    def _add(self, path: Path, node: yaml.Node) -> None:
        self._nodes[path] = node
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self.spans[(*path, key.value)] = key.start_mark.index, self._end(value)
                self._add((*path, key.value), value)
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self.spans[(*path, index)] = self.text.rindex("-", 0, item.start_mark.index), self._end(item)
                self._add((*path, index), item)
