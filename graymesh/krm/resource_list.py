"""ResourceLists: items as they stand in the text, since what belongs to others must go through untouched.

The format is the KRM functions specification, v1 (`config.kubernetes.io/v1`). Items are cut out of the text by the
positions of a YAML parser and never built, so that no value of theirs can change its type or its form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graymesh.diagnostic import Diagnostic, Refused
from graymesh.source import events
from graymesh.text import yaml_text

API_VERSION: Final = "config.kubernetes.io/v1"
FILE: Final = "<stdin>"
_LIMIT_CHARACTERS: Final = 64 * 1024 * 1024
_DEEPEST: Final = 256


@dataclass(frozen=True, slots=True)
class Item:
    """One object: its text, starting in column 0, and what it says at its own level about what it is."""

    text: str
    api_version: str
    kind: str

    @property
    def ours(self) -> bool:
        """Is it written in graymesh's language?"""
        return self.api_version.startswith("graymesh.io/")


@dataclass(frozen=True, slots=True)
class ResourceList:
    """What a function is given; `config` is its functionConfig."""

    items: Sequence[Item]
    config: Item | None


def read(text: str) -> ResourceList:
    """The list in a YAML or JSON text. Raises Refused with `usage` for anything else."""
    import yaml

    if len(text) > _LIMIT_CHARACTERS:
        raise unusable("the input is larger than 64 MiB")
    try:
        found = dict(_parts(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise unusable(f"the input is not YAML{where}: {getattr(error, 'problem', '') or error}") from None
    if found.get("kind") != "ResourceList" or found.get("apiVersion") != API_VERSION:
        raise unusable(f"the input is no ResourceList of {API_VERSION}")
    return ResourceList(found.get("items", ()), found.get("functionConfig"))


def unusable(message: str) -> Refused:
    """Input that is no list at all."""
    help_ = "let kustomize or kpt run the function, or give the list on standard input"
    return Refused((Diagnostic(code="GM002", message=message, file=FILE, help=help_),), usage=True)


def written(items: Sequence[str], results: Sequence[Mapping[str, Any]]) -> str:
    """A list of these items, each a text in column 0, and what the function has to say."""
    lines = [f"apiVersion: {API_VERSION}\nkind: ResourceList\n", "items:\n" if items else "items: []\n"]
    for item in items:
        first, *rest = item.removesuffix("\n").split("\n")
        lines += [f"- {first}\n", *(f"  {line}\n" if line else "\n" for line in rest)]
    return "".join(lines) + (yaml_text({"results": list(results)}) if results else "")


def _parts(text: str) -> Iterator[tuple[str, Any]]:
    """The keys of the list with what is needed of their values."""
    import yaml

    reader = _Reader(text)
    while isinstance(reader.next(), (yaml.StreamStartEvent, yaml.DocumentStartEvent)):
        pass
    if not isinstance(reader.event, yaml.MappingStartEvent):
        raise unusable("the input holds no mapping")
    while not isinstance(reader.next(), yaml.MappingEndEvent):
        key = getattr(reader.event, "value", "")
        reader.next()
        if key == "items" and isinstance(reader.event, yaml.SequenceStartEvent):
            yield key, list(_items(reader))
        elif key == "functionConfig" and isinstance(reader.event, yaml.MappingStartEvent):
            yield key, _item(reader)
        else:
            yield key, getattr(reader.event, "value", None)
            reader.skip()


class _Reader:
    """The parser's events one by one; `event` is the last one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.event: Any = None
        self._next = events.of(text)

    def next(self) -> Any:
        self.event = self._next()
        if self.event is None:
            raise unusable("the input is empty")
        return self.event

    def skip(self) -> None:
        """Goes to the end of the value that begins with the last event."""
        import yaml

        depth = 0
        while True:
            if isinstance(self.event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(self.event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > _DEEPEST:
                raise unusable(f"the input is nested deeper than {_DEEPEST} levels")
            if depth == 0:
                return
            self.next()


def _items(reader: _Reader) -> Iterator[Item]:
    import yaml

    while not isinstance(reader.next(), yaml.SequenceEndEvent):
        if not isinstance(reader.event, yaml.MappingStartEvent):
            raise unusable(f"what stands in line {reader.event.start_mark.line + 1} is no object")
        yield _item(reader)


def _item(reader: _Reader) -> Item:
    """The object that begins with the last event."""
    import yaml

    start, said = reader.event.start_mark, {"apiVersion": "", "kind": ""}
    while not isinstance(reader.next(), yaml.MappingEndEvent):
        key = getattr(reader.event, "value", "")
        reader.next()
        if key in said and isinstance(reader.event, yaml.ScalarEvent):
            said[key] = reader.event.value
        reader.skip()
    text = reader.text[start.index : reader.event.end_mark.index].rstrip(" ")  # empty lines may belong to a block text
    return Item(_moved(text.removesuffix("\n"), start.column) + "\n", said["apiVersion"], said["kind"])


def _moved(text: str, column: int) -> str:
    """The text as if its first line had begun in column 0."""
    if not column:
        return text
    first, *rest = text.split("\n")
    return "\n".join([first, *(line[column:] if not line[:column].strip() else line for line in rest)])
