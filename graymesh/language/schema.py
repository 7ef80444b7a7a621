"""The JSON Schemas of the files that people write, generated from the models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from graymesh.language.model import ProjectFile, Rollout
from graymesh.language.part import Part

BASE: Final = "https://graymesh.io/schemas/"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
KINDS: Final[Mapping[str, type[Part]]] = {"rollout": Rollout, "project": ProjectFile}


def file_name(kind: str) -> str:
    """`rollout.v1alpha1.schema.json`; the kind is `rollout` or `project`."""
    return f"{kind}.v1alpha1.schema.json"


def schema(kind: str) -> dict[str, Any]:
    """The schema of a `rollout` or `project` file. Raises KeyError for other kinds."""
    found = KINDS[kind].model_json_schema(schema_generator=_ForEditors)
    parts: dict[str, Any] = found.pop("$defs", {})
    for part in (*parts.values(), found):
        _explain_chosen_names(part)
        for entry in part["properties"].values():
            entry.setdefault("examples", [_example(entry, parts)])
    about: dict[str, Any] = {"$schema": DIALECT, "$id": BASE + file_name(kind), "title": f"graymesh {kind}"}
    return {**about, **{key: value for key, value in found.items() if key not in about}, "$defs": parts}


class _ForEditors(GenerateJsonSchema):
    """The schema as an editor shows it best: explanations first, defaults as one writes them."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        default, back = schema.get("default"), schema["schema"].get("serialization", {})
        if default is None:
            return self.generate_inner(schema["schema"])
        if back.get("type") == "function-plain":
            return super().default_schema({**schema, "default": back["function"](default)})
        return super().default_schema(schema)

    def get_title_from_name(self, name: str) -> str:
        return _title(name)

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        return {**super().model_schema(schema), "title": _title(schema["cls"].__name__.removesuffix("Spec") or "Spec")}

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        keys, values = self.generate_inner(schema["keys_schema"]), self.generate_inner(schema["values_schema"])
        return {"type": "object", "propertyNames": keys, "additionalProperties": values}

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        found: JsonSchemaValue = _explained_first(value)
        return found


def _title(name: str) -> str:
    """`maxAge` → `Max age`, `AudienceEntry` → `Audience entry`."""
    return "".join(f" {char.lower()}" if char.isupper() else char for char in name).strip().capitalize()


def _explained_first(value: Any) -> Any:
    if isinstance(value, list):
        return [_explained_first(item) for item in value]
    if not isinstance(value, dict):
        return value
    first = [key for key in ("$ref", "title", "description", "type") if isinstance(value.get(key), str)]
    return {key: _explained_first(value[key]) for key in (*first, *(key for key in value if key not in first))}


def _explain_chosen_names(part: dict[str, Any]) -> None:
    """A name that the user chose is hovered as well: its value says what the key around it says."""
    for entry in part["properties"].values():
        chosen = entry.get("additionalProperties")
        if isinstance(chosen, dict) and "$ref" not in chosen and "description" not in chosen:
            entry["additionalProperties"] = {"description": entry["description"], **chosen}


def _example(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Any:
    """The first example of a key; that of a part is made of its keys' examples."""
    if schema.get("examples"):
        return schema["examples"][0]
    if "$ref" in schema:
        return _example(parts[schema["$ref"].removeprefix("#/$defs/")], parts)
    return {name: _example(entry, parts) for name, entry in schema["properties"].items()}
