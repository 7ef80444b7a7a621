"""Holds data against JSON Schemas, with every problem at its path. jsonschema is imported when it is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graymesh.diagnostic import Pointer
from graymesh.did_you_mean import certain, nearest, quoted, suggestion

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Misfit:
    """What a schema does not take, and where; an unknown key is meant by its own path, with `at_key`."""

    path: Pointer
    message: str
    help: str = ""
    at_key: bool = False
    mended: str = ""


def misfits(file: Path, data: Any, part: str = "") -> Iterator[Misfit]:
    """What the schema in a file does not take of some data; with `part`, the schema of that property.

    Keys that a schema with properties does not name are problems, unless it says otherwise. Raises KeyError for a
    property that there is not.
    """
    validator = _validator(file, part)
    for error in sorted(validator.iter_errors(data), key=lambda error: list(map(str, error.absolute_path))):
        yield from _of(_deepest(error))


def part_of(file: Path, part: str) -> dict[str, Any]:
    """The schema of one property, by itself. Raises KeyError when there is none."""
    schema = _read(file)
    return inlined({**schema["properties"][part], "$defs": schema.get("$defs", {})})


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its `$defs` put where `$ref` names them; what stands beside a `$ref` overrides."""

    def inline(value: Any) -> Any:
        if isinstance(value, list):
            return [inline(item) for item in value]
        if not isinstance(value, dict):
            return value
        named = schema["$defs"][value["$ref"].rpartition("/")[2]] if isinstance(value.get("$ref"), str) else {}
        return {key: inline(entry) for key, entry in {**named, **value}.items() if key not in ("$ref", "$defs")}

    found: dict[str, Any] = inline(schema)
    return found


@lru_cache(maxsize=64)
def _validator(file: Path, part: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_closed(part_of(file, part) if part else _read(file)))


@lru_cache(maxsize=64)
def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _closed(schema: Any) -> Any:
    """The schema without room for keys that it does not name."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    tight = {key: _closed(value) for key, value in schema.items()}
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields")
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict) and not open_ended:
        tight.setdefault("additionalProperties", False)
    return tight


def _deepest(error: ValidationError) -> ValidationError:
    """Of several ways in which something might fit, the one that it nearly does."""
    from jsonschema.exceptions import best_match

    return best_match([error]) or error


def _of(error: ValidationError) -> Iterator[Misfit]:
    path, schema, data = tuple(error.absolute_path), error.schema, error.instance
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    if error.validator == "additionalProperties" and isinstance(data, dict):
        yield from _unknown(path, data, properties)
    elif error.validator == "required" and isinstance(data, dict):
        yield from _missing(path, data, properties, error.message)
    else:
        message = error.message if len(error.message) <= _LONGEST else f"{error.message[:_LONGEST]}…"
        yield Misfit(path, message, str(schema.get("description", "")) if isinstance(schema, Mapping) else "")


def _unknown(path: Pointer, data: Mapping[str, Any], properties: Mapping[str, Any]) -> Iterator[Misfit]:
    unused = [key for key in properties if key not in data]
    for key in data:
        if key not in properties:
            message, sure = f"{quoted(key)} is not a key here", certain(key, unused) or ""
            yield Misfit((*path, key), message, suggestion(key, unused), at_key=True, mended=sure)


def _missing(path: Pointer, data: Mapping[str, Any], properties: Mapping[str, Any], message: str) -> Iterator[Misfit]:
    """Nothing for a key that an unknown one was meant for."""
    unused = [key for key in properties if key not in data]
    missing = next((key for key in unused if message.startswith(repr(key))), None)
    if missing is None:
        yield Misfit(path, message)
    elif not any(nearest(key, unused) == missing for key in data if key not in properties):
        yield Misfit(path, f"{quoted(missing)} is missing", str(properties[missing].get("description", "")))
