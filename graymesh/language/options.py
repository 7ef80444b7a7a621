"""Options of targets: `targets.<name>.<option>`, checked against what the target's manifest declares."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from graymesh.did_you_mean import certain, quoted, suggestion
from graymesh.ir.alphabets import TEXT
from graymesh.language.part import Entries
from graymesh.language.problems import (
    Gathering,
    Malformed,
    Mistyped,
    Raw,
    Several,
    described,
    each,
    given,
    wrong_type,
)
from graymesh.language.scalars import LONGEST, one_character_off
from graymesh.language.values import Plain, Schema

if TYPE_CHECKING:
    from pathlib import Path

    from graymesh.kit.target import Manifest, Option

MOST_ITEMS = 100
STRUCTURED = "structured"
_TYPES = {"string": str, "integer": int, "boolean": bool}


def effective(manifest: Manifest, *layers: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of the target: its default, overridden by the layers in turn (the project's, then the spec's).

    A structured option is overridden as a whole; what it leaves out has the defaults of the target's schema.
    """
    found = dict(manifest.defaults)
    for layer in layers:
        found |= layer
    for name, option in manifest.options.items():
        if option.type == STRUCTURED and found[name] is not None:
            from graymesh.kit.json_schemas import filled

            found[name] = filled(_structures(manifest.name), name, found[name])
    return found


class _TargetName(Plain):
    def read(self, value: Any) -> str:
        from graymesh.kit.registry import target_names

        if not isinstance(value, str):
            raise wrong_type(value, "the name of a target")
        if value not in target_names():
            advice, mended = suggestion(value, target_names()), certain(value, target_names()) or ""
            raise Malformed("GM111", f"there is no target {quoted(value)}", advice, mended)
        return value

    def schema(self) -> Schema:
        return {"enum": [name for name, _ in _manifests()]}


TargetName: TypeAlias = Annotated[str, _TargetName()]
"""The name of a target that there is."""


class _Targets(Plain):
    def read(self, value: Any) -> dict[str, dict[str, Any]]:
        if not isinstance(value, dict):
            raise wrong_type(value, "a mapping", "like {istio: {}}")
        found: dict[str, dict[str, Any]] = {}
        gathering = Gathering()
        for name, options in value.items():
            known = False
            with gathering.below(name, at_key=True):
                known = bool(_TargetName().read(name))
            with gathering.below(name):
                found[name] = _options(name, {} if options is None else options) if known else {}
        gathering.check()
        return found

    def schema(self) -> Schema:
        return {"type": "object", "additionalProperties": False, "properties": dict(_target_schemas())}


Targets: TypeAlias = Annotated[dict[str, dict[str, Any]], _Targets()]
"""A target's name → its options as they are written; a name without a value has none."""


def _options(target_name: str, value: Any) -> dict[str, Any]:
    """The options, all of which the target knows and takes. Raises Malformed or Several."""
    from graymesh.kit.registry import target

    if not isinstance(value, dict):
        raise wrong_type(value, "a mapping of options")
    known, gathering = target(target_name).manifest.options, Gathering()
    for name, written in value.items():
        with gathering.below(name, at_key=name not in known):
            _check_option(target_name, known, name, written)
    gathering.check()
    return value


def _check_option(target_name: str, known: Mapping[str, Option], name: str, value: Any) -> None:
    if name not in known:
        message, sure = f"{target_name} has no option {quoted(name)}", certain(name, known) or ""
        raise Malformed("GM115", message, suggestion(name, known), sure)
    option = known[name]
    given(name, value)
    if option.type == STRUCTURED:
        return _check_structure(target_name, name, value)
    if option.type != "list of string":
        return _check_item(option, option.type, value)
    if not isinstance(value, list):
        raise _mistyped(value, "a list", lambda raw: option.doc)
    each(enumerate(Entries(0, MOST_ITEMS).checked(list, value)), lambda item: _check_item(option, "string", item))
    return None


def _check_structure(target_name: str, name: str, value: Any) -> None:
    from graymesh.kit.json_schemas import misfits

    found = [
        Malformed("GM115", misfit.message, misfit.help, misfit.mended, below=misfit.path, at_key=misfit.at_key)
        for misfit in misfits(_structures(target_name), value, part=name)
    ]
    if found:
        raise Several(found)


def _structures(target_name: str) -> Path:
    """Where a target says what its structured options take."""
    from graymesh.kit.registry import target

    return target(target_name).folder / "options.schema.json"


def _check_item(option: Option, kind: str, value: Any) -> None:
    if type(value) is not _TYPES[kind]:
        lacks_quotes = kind == "string" and isinstance(value, (int, float))
        wanted = f"{'an' if kind == 'integer' else 'a'} {kind}"
        raise _mistyped(value, wanted, lambda raw: f'quote it: "{raw()[:60]}"' if lacks_quotes else "")
    if isinstance(value, str):
        _check_text(option, value)
    elif isinstance(value, int) and not isinstance(value, bool):
        _check_number(option, value)


def _mistyped(value: Any, wanted: str, advice: Callable[[Raw], str]) -> Mistyped:
    def word(raw: Raw) -> Malformed:
        return Malformed("GM115", f"expected {wanted}, found {described(value, raw)}", advice(raw))

    return Mistyped(word)


def _check_text(option: Option, value: str) -> None:
    if option.values and value not in option.values:
        raise Malformed("GM115", f"{quoted(value)} is not allowed here", suggestion(value, option.values))
    odd = one_character_off(value)
    if odd:
        raise Malformed("GM115", f"{quoted(value)} holds {odd}", "ASCII only")
    if len(value) > LONGEST:
        raise Malformed("GM116", f"a value of {len(value)} characters is too long", f"at most {LONGEST} characters")
    if re.fullmatch(option.pattern or TEXT, value) is None:
        raise Malformed("GM115", f"{quoted(value)} does not fit", option.doc)


def _check_number(option: Option, value: int) -> None:
    least, most = option.minimum, option.maximum
    if (least is None or value >= least) and (most is None or value <= most):
        return
    limits = [f"at least {least}"] * (least is not None) + [f"at most {most}"] * (most is not None)
    raise Malformed("GM115", f"{str(value)[:60]} is out of range", ", ".join(limits))


def _manifests() -> Iterator[tuple[str, Manifest]]:
    """Every target that has a manifest; a folder without one is not a target yet."""
    from graymesh.kit.registry import target, target_names

    for name in target_names():
        try:
            yield name, target(name).manifest
        except FileNotFoundError:
            continue


def _target_schemas() -> Iterator[tuple[str, Schema]]:
    for name, manifest in _manifests():
        about = {"title": manifest.title, "description": f"Options of the target {name}.", "examples": [{}]}
        properties = {key: _option_schema(name, key, option) for key, option in manifest.options.items()}
        options = {"type": "object", "properties": properties, "additionalProperties": False}
        yield name, {**about, "anyOf": [options, {"type": "null"}], "default": {}}


def _option_schema(target_name: str, name: str, option: Option) -> Schema:
    shown: Schema = {**_value_schema(target_name, name, option), "title": name, "description": option.doc}
    shown = {key: shown[key] for key in ("title", "description", *shown)}
    if option.default is not None:
        shown["default"] = option.default
    example = option.default if option.example is None else option.example
    return {**shown, "examples": list(option.values) or [example]}


def _value_schema(target_name: str, name: str, option: Option) -> Schema:
    if option.type == STRUCTURED:
        from graymesh.kit.json_schemas import part_of

        return part_of(_structures(target_name), name)
    if option.type != "list of string":
        return _item_schema(option, option.type)
    return {"type": "array", "items": _item_schema(option, "string"), "maxItems": MOST_ITEMS}


def _item_schema(option: Option, kind: str) -> Schema:
    if option.values:
        return {"enum": list(option.values)}
    shown: Schema = {"type": kind}
    if kind == "string":
        shown |= {"pattern": f"^(?:{option.pattern or TEXT})$", "maxLength": LONGEST}
    if option.minimum is not None:
        shown["minimum"] = option.minimum
    if option.maximum is not None:
        shown["maximum"] = option.maximum
    return shown
