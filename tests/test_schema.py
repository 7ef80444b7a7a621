"""The JSON Schemas: generated, fresh, complete, and of the model's opinion wherever JSON Schema can have one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_origin

import pytest
from jsonschema import Draft202012Validator

from graymesh.commands import schemas
from graymesh.kit.json_schemas import inlined
from graymesh.language import schema
from graymesh.language.keys import NAME, keys_of
from graymesh.language.structure import Model, fields, peeled, shape
from graymesh.source import load
from graymesh.text import json_text
from tests.model_cases import FOLDER, bad_files, expected_in

SCHEMAS = Path(__file__).parents[1] / "schemas"
KINDS = sorted(schema.KINDS)


@cache
def validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(schema.schema(kind))


def data(file: Path) -> Any:
    return load(file.read_text(encoding="utf-8"), file.name).data


def keys(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key that a schema declares, with its own schema."""
    for name, entry in node.get("properties", {}).items():
        yield f"{path}/{name}", entry
        yield from keys(entry, f"{path}/{name}")
    for part in ("items", "additionalProperties"):
        if isinstance(node.get(part), dict):
            yield from keys(node[part], path)
    for option in node.get("anyOf", []):
        yield from keys(option, path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_in_the_tree_is_fresh(kind: str) -> None:
    stored = (SCHEMAS / schema.file_name(kind)).read_text(encoding="utf-8")
    assert stored == json_text(schema.schema(kind)), "run: python -m graymesh.commands.schemas"


def test_the_command_writes_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schemas.main([str(tmp_path)])
    expected = {schema.file_name(kind) for kind in KINDS} | set(schemas.output_schemas())
    assert {path.name for path in tmp_path.iterdir()} == expected
    assert capsys.readouterr().out.count("\n") == len(expected)


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_is_one(kind: str) -> None:
    found = schema.schema(kind)
    Draft202012Validator.check_schema(found)
    assert found["$id"] == f"https://graymesh.io/schemas/{kind}.v1alpha1.schema.json"
    assert found["additionalProperties"] is False


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_explains_itself(kind: str) -> None:
    declared = list(keys(inlined(schema.schema(kind))))
    assert declared
    for path, entry in declared:
        assert entry.get("title") and entry.get("description"), path
        assert entry.get("examples"), path
        assert entry["description"].endswith("."), path


@pytest.mark.parametrize("kind", KINDS)
def test_names_that_the_user_chooses_explain_themselves(kind: str) -> None:
    chosen = [key for key in keys_of(kind) if key.words[-1] == NAME]
    assert chosen or kind == "project"
    assert [key.path for key in chosen if not key.doc] == []


def written_default(model: Model, key: str) -> Any:
    """A key's default as a user would write it: what a model that lacks the key has to say."""
    name = next(name for name, field in model.model_fields.items() if field is fields(model)[key])
    alone = model.model_construct(_fields_set={name}, **{name: model.model_fields[name].default})
    return alone.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True).get(key)


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_are_those_of_the_model(kind: str) -> None:
    """Every key that has a default in the model tells it, and no other does."""

    def declared(model: Model, path: str = "") -> Iterator[tuple[str, Any]]:
        for name, field in fields(model).items():
            yield f"{path}{name}", None if field.is_required() else written_default(model, name)
            below, marks = shape(field), ""
            while below.item is not None:
                marks += f".{NAME}" if get_origin(below.type) is dict else "[]"
                below = peeled(below.item)
            if below.model:
                yield from declared(below.model, f"{path}{name}{marks}.")

    found = {key.path: key.schema.get("default") for key in keys_of(kind)}
    expected = dict(declared(schema.KINDS[kind]))
    assert len(expected) > 3
    assert {path: found[path] for path in expected} == expected


@pytest.mark.parametrize("kind", KINDS)
def test_examples_and_defaults_are_right(kind: str) -> None:
    for path, entry in keys(inlined(schema.schema(kind))):
        for value in [*entry.get("examples", []), *([entry["default"]] if "default" in entry else [])]:
            problems = [error.message for error in Draft202012Validator(entry).iter_errors(value)]
            assert not problems, path


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("rollout", "product-service.yaml"),
        ("rollout", "base.yaml"),
        ("rollout", "everything-else.yaml"),
        ("project", "project.yaml"),
    ],
)
def test_the_schema_takes_what_the_model_takes(kind: str, name: str) -> None:
    assert [error.message for error in validator(kind).iter_errors(data(FOLDER / name))] == []


@pytest.mark.parametrize("file", bad_files(), ids=lambda file: file.stem)
def test_the_schema_refuses_what_the_model_refuses(file: Path) -> None:
    found = [tuple(error.absolute_path) for error in validator("rollout").iter_errors(data(file))]
    for expected in expected_in(file.read_text(encoding="utf-8")):
        path = expected.said.path
        near = [other for other in found if other == path[: len(other)] and len(other) >= len(path) - 2]
        if expected.schema_sees_it:
            assert near, f"{expected.said} is not seen"
        else:
            assert path not in found, f"{expected.said} is seen after all"


def test_the_schema_lists_the_options_of_targets() -> None:
    targets = schema.schema("rollout")["$defs"]["Spec"]["properties"]["targets"]
    assert targets["additionalProperties"] is False
    istio = targets["properties"]["istio"]["anyOf"][0]
    assert istio["properties"]["gateways"]["items"]["type"] == "string"
    assert json.dumps(istio)
