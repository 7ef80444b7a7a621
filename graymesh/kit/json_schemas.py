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
from graymesh.kit.declared import DeclarationError

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

    Keys that a schema with properties does not name are problems, unless it says otherwise. Raises DeclarationError for
    a property that there is not, and for a file that is no JSON Schema.
    """
    validator = _validator(file, part)
    for error in sorted(validator.iter_errors(data), key=lambda error: list(map(str, error.absolute_path))):
        yield from _of(_deepest(error))


def part_of(file: Path, part: str) -> dict[str, Any]:
    """The schema of one property, by itself, for editors. Raises DeclarationError when there is none."""
    return inlined(_part(file, part))


def filled(file: Path, part: str, value: Any) -> Any:
    """The value with the defaults of what it leaves out, at any depth, as the schema of that property has them.

    Those of alternatives (`anyOf`, `oneOf`) are passed over: which of them holds depends on the value. Raises
    DeclarationError as `misfits` does.
    """
    schema = _part(file, part)
    return _filled(schema, value, schema["$defs"])


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its `$defs` put where `$ref` names them; what stands beside a `$ref` overrides.

    Where something is a part of itself, the inner one may be anything.
    """

    def inline(value: Any, within: tuple[str, ...]) -> Any:
        if isinstance(value, list):
            return [inline(item, within) for item in value]
        if not isinstance(value, dict):
            return value
        name = _named(value)
        if name in within:
            return {key: entry for key, entry in value.items() if key not in ("$ref", "$defs")}
        named, below = (schema["$defs"][name], (*within, name)) if name else ({}, within)
        return {key: inline(entry, below) for key, entry in {**named, **value}.items() if key not in ("$ref", "$defs")}

    found: dict[str, Any] = inline(schema, ())
    return found


def _named(schema: Mapping[str, Any]) -> str:
    """The one of the `$defs` that a schema refers to, or ""."""
    reference = schema.get("$ref")
    return reference.rpartition("/")[2] if isinstance(reference, str) else ""


def _filled(schema: Any, value: Any, named: Mapping[str, Any]) -> Any:
    schema = _resolved(schema, named)
    if isinstance(value, list):
        return [_filled(schema.get("items"), item, named) for item in value]
    if not isinstance(value, dict):
        return value
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    given = {key: _filled(properties.get(key, others), entry, named) for key, entry in value.items()}
    absent = {key: _resolved(properties[key], named) for key in properties if key not in value}
    return given | {key: _filled(each, each["default"], named) for key, each in absent.items() if "default" in each}


def _resolved(schema: Any, named: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(schema, Mapping):
        return {}
    return {**_resolved(named.get(_named(schema)), named), **schema} if "$ref" in schema else schema


@lru_cache(maxsize=64)
def _validator(file: Path, part: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator, SchemaError

    schema = _closed(_part(file, part) if part else _read(file))
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        where = ".".join(map(str, error.absolute_path))
        raise DeclarationError(f"{_shown(file)} is not JSON Schema: {where}: {error.message}") from error
    return Draft202012Validator(schema)


def _part(file: Path, part: str) -> dict[str, Any]:
    """The schema of one property, with everything that it may refer to."""
    schema = _read(file)
    properties = schema.get("properties", {})
    if part not in properties:
        raise DeclarationError(f"{_shown(file)} has no property {quoted(part)}; {suggestion(part, properties)}")
    return {**properties[part], "$defs": schema.get("$defs", {})}


def _shown(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


@lru_cache(maxsize=64)
def _read(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DeclarationError(f"{_shown(file)} cannot be read: {error}") from error
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
    elif error.validator == "enum" and isinstance(data, str) and isinstance(schema, Mapping):
        allowed = [each for each in schema["enum"] if isinstance(each, str)]
        mended = certain(data, allowed) or ""
        yield Misfit(path, f"{quoted(data)} is not allowed here", suggestion(data, allowed), mended=mended)
    else:
        message = _in_json(error)
        message = message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"
        yield Misfit(path, message, str(schema.get("description", "")) if isinstance(schema, Mapping) else "")


def _in_json(error: ValidationError) -> str:
    """The message, with the value as files have it: `true` and not `True`."""
    shown = repr(error.instance)
    if isinstance(error.instance, str) or not error.message.startswith(shown):
        return error.message
    return json.dumps(error.instance, ensure_ascii=False, default=str) + error.message[len(shown) :]


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
