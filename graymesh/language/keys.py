"""Every key of the files that people write, by its path, with what the schema says about it.

A path is written `spec.stages[].weight`; a name that the file chooses itself stands as `<name>`:
`spec.versions.<name>.endpoints`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

NAME: Final = "<name>"
_INDEX: Final = re.compile(r"\[[0-9*]*\]")
_TYPES: Final = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key: `kind` is the file it stands in (rollout, project), `schema` its JSON Schema."""

    kind: str
    path: str
    schema: Mapping[str, Any]
    required: bool

    @property
    def words(self) -> tuple[str, ...]:
        """The path without marks of lists: `spec`, `stages`, `weight`."""
        return _words(self.path)

    @property
    def doc(self) -> str:
        """What it is for."""
        return str(self.schema.get("description", ""))

    @property
    def type(self) -> str:
        """What may stand there, in words: `text`, `whole number from 1 to 65535`, `a list of text`."""
        return " or ".join(dict.fromkeys(_types(self.schema)))


def keys_of(kind: str) -> tuple[Key, ...]:
    """All keys of a `rollout` or `project` file, in the schema's order, each path once. Raises KeyError for others."""
    from graymesh.kit.json_schemas import inlined
    from graymesh.language.schema import schema

    found: dict[str, Key] = {}
    for key in _below(kind, "", inlined(schema(kind))):
        found.setdefault(key.path, key)
    return tuple(found.values())


def keys_at(keys: Sequence[Key], topic: str) -> list[Key]:
    """The keys that a topic means: by the whole path, from `spec` on, or else by the path's end.

    `spec.stages[0].weight`, `stages[].weight`, `stages.weight` and `weight` are the same key.
    """
    wanted = _words(topic)
    whole = [key for key in keys if _fits(key.words, wanted) or _fits(key.words, ("spec", *wanted))]
    return whole or [key for key in keys if _ends(key.words, wanted)]


def _words(path: str) -> tuple[str, ...]:
    return tuple(_INDEX.sub("", path).split("."))


def _fits(words: Sequence[str], wanted: Sequence[str]) -> bool:
    return len(words) == len(wanted) and all(
        word == NAME or word.lower() == said.lower() for word, said in zip(words, wanted, strict=True)
    )


def _ends(words: Sequence[str], wanted: Sequence[str]) -> bool:
    """Does the path end like this, in words of its own? A name that stands for any other decides nothing."""
    end = words[-len(wanted) :]
    return end[0] != NAME != end[-1] and _fits(end, wanted)


def _below(kind: str, path: str, schema: Mapping[str, Any]) -> Iterator[Key]:
    required = schema.get("required", ())
    for name, entry in schema.get("properties", {}).items():
        key = Key(kind=kind, path=f"{path}.{name}".lstrip("."), schema=entry, required=name in required)
        yield key
        yield from _below(kind, key.path, entry)
    for choice in schema.get("anyOf", ()):
        yield from _below(kind, path, choice)
    if isinstance(schema.get("items"), Mapping):
        yield from _below(kind, f"{path}[]", schema["items"])
    entry = schema.get("additionalProperties")
    if isinstance(entry, Mapping):
        yield Key(kind=kind, path=f"{path}.{NAME}", schema=entry, required=False)
        yield from _below(kind, f"{path}.{NAME}", entry)


def _types(schema: Mapping[str, Any]) -> Iterator[str]:
    for choice in schema.get("anyOf", ()):
        yield from _types(choice)
    if "enum" in schema:
        words = [str(word) for word in schema["enum"]]
        yield words[0] if len(words) == 1 else f"one of {', '.join(words)}"
    elif "const" in schema:
        yield "true" if schema["const"] is True else str(schema["const"])
    elif schema.get("type") == "array":
        yield "a list, each " + " or ".join(dict.fromkeys(_types(schema["items"])))
    elif schema.get("type") == "object":
        yield _mapping(schema)
    elif schema.get("type") in _TYPES:
        yield _TYPES[schema["type"]] + _limits(schema)


def _mapping(schema: Mapping[str, Any]) -> str:
    properties = schema.get("properties", {})
    if len(properties) != 1 or not schema.get("required"):
        return "a mapping"
    ((name, entry),) = properties.items()
    return f"{{{name}: {'true' if 'const' in entry else '…'}}}"


def _limits(schema: Mapping[str, Any]) -> str:
    if "minimum" in schema and "maximum" in schema:
        return f" from {schema['minimum']} to {schema['maximum']}"
    return f" of at least {schema['minimum']}" if "minimum" in schema else ""
