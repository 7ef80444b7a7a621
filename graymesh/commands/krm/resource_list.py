"""ResourceLists: items as they stand in the text, since what belongs to others must go through untouched.

The format is the KRM functions specification, v1 (`config.kubernetes.io/v1`). Items are cut out of the text by the
positions of a YAML parser and never built, so that no value of theirs can change its type or its form.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from graymesh.diagnostic import Diagnostic, Refused
from graymesh.did_you_mean import quoted
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

    text = text.removeprefix("\ufeff")
    if len(text) > _LIMIT_CHARACTERS:
        raise unusable("the input is larger than 64 MiB")
    try:
        found = _parts(_ListReader(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise unusable(f"the input is not YAML{where}: {getattr(error, 'problem', '') or error}") from None
    if found.get("kind") != "ResourceList" or found.get("apiVersion") != API_VERSION:
        raise unusable(f"the input is not a ResourceList of {API_VERSION}")
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


def _parts(reader: _ListReader) -> dict[str, Any]:
    """The keys of the list with what is needed of their values: items, the functionConfig, the text of scalars."""
    import yaml

    reader.start()
    if not isinstance(reader.event, yaml.MappingStartEvent):
        raise unusable("the input holds no mapping")
    found: dict[str, Any] = {}
    while not isinstance(reader.next(), yaml.MappingEndEvent):
        key, behind_key = reader.key(found), reader.end_index
        reader.next()
        if key == "items":
            found[key] = _items(reader, behind_key)
        elif key == "functionConfig":
            found[key] = _config(reader)
        else:
            found[key] = getattr(reader.event, "value", None)
            reader.skip()
    reader.end()
    return found


class _ListReader:
    """The parser's events one by one; `event` is the last one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.event: Any = None
        self._next = events.of(text)
        self._anchors: set[str] = set()

    @property
    def line(self) -> int:
        """Where the last event begins."""
        return int(self.event.start_mark.line) + 1

    @property
    def start_index(self) -> int:
        """Where the last event begins, in characters of the text."""
        return int(self.event.start_mark.index)

    @property
    def end_index(self) -> int:
        """Where it ends."""
        return int(self.event.end_mark.index)

    def next(self) -> Any:
        self.event = self._next()
        if self.event is None:
            raise unusable("the input is empty")
        return self.event

    def start(self) -> None:
        """Goes to the root of the one document. What directives change would be lost, since none is written."""
        import yaml

        while isinstance(self.next(), (yaml.StreamStartEvent, yaml.DocumentStartEvent)):
            if getattr(self.event, "tags", None) or getattr(self.event, "version", None) not in (None, (1, 2)):
                raise unusable(f"a directive in line {self.line} changes what the values mean")

    def end(self) -> None:
        """Goes behind the one document."""
        import yaml

        while not isinstance(self.next(), yaml.StreamEndEvent):
            if isinstance(self.event, yaml.DocumentStartEvent):
                raise unusable(f"a second document begins in line {self.line}; one list is read")

    def key(self, before: Container[str]) -> str:
        """The last event as a key that has not been there before."""
        key = getattr(self.event, "value", None)
        if not isinstance(key, str):
            raise unusable(f"a key in line {self.line} is not text")
        if key in before:
            raise unusable(f"the key {quoted(key)} appears twice, the second time in line {self.line}")
        return key

    def is_nothing(self) -> bool:
        """Is the last event a plain scalar that stands for nothing?"""
        value = getattr(self.event, "value", None)
        return value in ("", "~", "null", "Null", "NULL") and not self.event.style

    def begin(self) -> None:
        """An object begins: what is named by an anchor from here on is its own."""
        self._anchors = {self.event.anchor} if self.event.anchor else set()

    def skip(self) -> None:
        """Goes to the end of the value that begins with the last event."""
        import yaml

        depth = 0
        while True:
            self._check_alias()
            if isinstance(self.event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(self.event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > _DEEPEST:
                raise unusable(f"the input is nested deeper than {_DEEPEST} levels")
            if depth == 0:
                return
            self.next()

    def _check_alias(self) -> None:
        """An object is taken out of its list, and what its aliases stand for has to come with it."""
        import yaml

        name = getattr(self.event, "anchor", None)
        if isinstance(self.event, yaml.AliasEvent):
            if name not in self._anchors:
                what = f"the alias {quoted(f'*{name}')} in line {self.line} refers to something outside its object"
                raise unusable(f"{what}; write the value out")
        elif name:
            self._anchors.add(name)


def _config(reader: _ListReader) -> Item | None:
    import yaml

    if reader.is_nothing():
        return None
    if not isinstance(reader.event, yaml.MappingStartEvent):
        raise unusable(f"the functionConfig in line {reader.line} is not an object")
    return _item(reader)


def _items(reader: _ListReader, end: int) -> Sequence[Item]:
    """The objects, each with the comments above it, and behind it on its last line; `end` is where their key ends."""
    import yaml

    if reader.is_nothing():
        return ()
    if not isinstance(reader.event, yaml.SequenceStartEvent):
        raise unusable(f"the items in line {reader.line} are not a list of objects")
    found: list[Item] = []
    while True:
        ended = isinstance(reader.next(), yaml.SequenceEndEvent)
        behind, above = _comments(reader.text[end : reader.start_index])
        if found and (behind or (ended and above)):
            last = "".join(f"{line}\n" for line in above) if ended else ""
            found[-1] = replace(found[-1], text=found[-1].text.removesuffix("\n") + behind + "\n" + last)
        if ended:
            return found
        if not isinstance(reader.event, yaml.MappingStartEvent):
            raise unusable(f"what is in line {reader.line} is not an object")
        item = _item(reader)
        above = above if found or not behind else [behind.strip(), *above]
        found.append(replace(item, text="".join(f"{line}\n" for line in above) + item.text))
        end = reader.end_index


def _comments(between: str) -> tuple[str, list[str]]:
    """The comment on the first line of what stands between two objects, with a blank before it, and those below."""
    first, *rest = between.split("\n")
    behind = f" {first[first.index('#') :]}" if "#" in first else ""
    return behind, [line[line.index("#") :] for line in rest if "#" in line]


def _item(reader: _ListReader) -> Item:
    """The object that begins with the last event."""
    import yaml

    start, column = reader.start_index, int(reader.event.start_mark.column)
    said = {"apiVersion": "", "kind": ""}
    reader.begin()
    seen: set[str] = set()
    while not isinstance(reader.next(), yaml.MappingEndEvent):
        key = getattr(reader.event, "value", None)
        if key in said:
            seen.add(reader.key(seen))
        reader.skip()
        reader.next()
        if key in said and isinstance(reader.event, yaml.ScalarEvent):
            said[key] = reader.event.value
        reader.skip()
    text = reader.text[start : reader.end_index].rstrip(" ")  # empty lines may belong to a block text
    return Item(_moved(text.removesuffix("\n"), column) + "\n", said["apiVersion"], said["kind"])


def _moved(text: str, column: int) -> str:
    """The text as if its first line had begun in column 0; a comment further left must not get into a block text."""
    if not column:
        return text
    first, *rest = text.split("\n")
    return "\n".join([first, *(line[column:] if not line[:column].strip() else line.lstrip() for line in rest)])
