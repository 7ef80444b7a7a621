"""Reading objects of Kubernetes field by field: every field is known or refused by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graymesh.diagnostic import Pointer
from graymesh.kit.durations import go_milliseconds
from graymesh.kit.refusal import NotUnderstood


@dataclass(frozen=True, slots=True)
class ObjectNode:
    """One mapping of an object; a field whose value is null is not set, as in protobuf's JSON."""

    data: Mapping[str, Any]
    path: Pointer

    def limited(self, known: frozenset[str], refused: Mapping[str, str] | None = None) -> ObjectNode:
        """The node itself, when it has no field but the known ones; raises NotUnderstood for any other."""
        for name in self.data:
            if name not in known:
                reason = (refused or {}).get(name, "this decoder does not know the field")
                raise NotUnderstood(str(name), reason, (*self.path, name))
        return self

    def __contains__(self, name: str) -> bool:
        return self.data.get(name) is not None

    def node(self, name: str) -> ObjectNode | None:
        """The mapping below the field, None when the field is not set."""
        value = self.data.get(name)
        return None if value is None else node(value, (*self.path, name), name)

    def nodes(self, name: str) -> Iterator[ObjectNode]:
        """The mappings in the list below the field."""
        for index, value in enumerate(self.items(name)):
            yield node(value, (*self.path, name, index), name)

    def items(self, name: str) -> list[Any]:
        """The list below the field, empty when the field is not set."""
        value = self.data.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(name, "is not a list")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """The list of texts below the field."""
        values = self.items(name)
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(name, "holds something other than text")
        return tuple(values)

    def text_map(self, name: str) -> dict[str, str]:
        """The mapping of texts below the field, empty when the field is not set."""
        found = self.node(name)
        if found is None:
            return {}
        for key, value in found.data.items():
            if not isinstance(value, str):
                raise NotUnderstood(key, "is not text", (*found.path, key))
        return dict(found.data)

    def text(self, name: str, default: str = "") -> str:
        """The text of the field."""
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.wrong(name, "is not text")
        return value

    def whole(self, name: str, default: int = 0) -> int:
        """The whole number of the field, never negative."""
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(name, "is not a whole number from 0 on")
        return value

    def flag(self, name: str) -> bool:
        """The boolean of the field, false when it is not set."""
        value = self.data.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self.wrong(name, "is neither true nor false")
        return value

    def milliseconds(self, name: str) -> int | None:
        """The duration of the field in milliseconds, None when it is not set."""
        if name not in self:
            return None
        found = go_milliseconds(self.text(name))
        if found is None or found.denominator != 1 or found < 1:
            raise self.wrong(name, "is not a duration of whole milliseconds, at least one")
        return int(found)

    def wrong(self, name: str, message: str) -> NotUnderstood:
        """A refusal of the field by its name."""
        return NotUnderstood(name, message, (*self.path, name))


def node(value: Any, path: Pointer, name: str) -> ObjectNode:
    """The value as a node; raises NotUnderstood unless it is a mapping with texts as keys."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise NotUnderstood(name, "is not a mapping", path)
    return ObjectNode(value, path)
