"""Options of targets: `targets.<name>.<option>`, checked against what the target's manifest declares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from graymesh.did_you_mean import certain, quoted, suggestion
from graymesh.language.scalars import LONGEST, TEXT, Malformed, one_character_off
from graymesh.language.shapes import Place, Schema, check_size, described, read_into, wrong_type

if TYPE_CHECKING:
    from graymesh.kit.target import Manifest, Option

MOST_ITEMS = 100
_TYPES = {"string": str, "integer": int, "boolean": bool}
_JSON_TYPES = {"string": "string", "integer": "integer", "boolean": "boolean"}


def effective(manifest: Manifest, *layers: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of the target: its default, overridden by the layers in turn (the project's, then the spec's)."""
    found = {name: option.default for name, option in manifest.options.items()}
    for layer in layers:
        found |= layer
    return found


class Targets:
    """The shape of `targets`: a known target's name → its options as written."""

    space = ""

    def read(self, value: Any, place: Place) -> Mapping[str, Mapping[str, Any]]:
        """The options that are right; a name without a value has none."""
        if not isinstance(value, dict):
            raise wrong_type(value, "a mapping", place, "like {istio: {}}")
        found: dict[str, Mapping[str, Any]] = {}
        for name, options in value.items():
            names = dict[str, str]()
            read_into(names, "name", TargetName(), name, place.below(name, at_key=True))
            if names:
                read_into(found, name, _Options(name), {} if options is None else options, place.below(name))
        return found

    def schema(self) -> Schema:
        """An object with the targets that there are."""
        return {"type": "object", "additionalProperties": False, "properties": dict(_target_schemas())}


class TargetName:
    """The shape of a target's name."""

    space = ""

    def read(self, value: Any, place: Place) -> str:
        """The name."""
        from graymesh.kit.registry import target_names

        if not isinstance(value, str):
            raise wrong_type(value, "the name of a target", place)
        if value not in target_names():
            advice, mended = suggestion(value, target_names()), certain(value, target_names()) or ""
            raise Malformed("GM111", f"there is no target {quoted(value)}", advice, mended)
        return value

    def schema(self) -> Schema:
        """One of the targets that there are."""
        return {"enum": [name for name, _ in _manifests()]}


class _Options:
    """The shape of one target's options."""

    space = ""

    def __init__(self, target_name: str) -> None:
        self.target_name = target_name

    def read(self, value: Any, place: Place) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise wrong_type(value, "a mapping of options", place)
        found: dict[str, Any] = {}
        for name, written in value.items():
            known = self._manifest.options
            if name in known:
                read_into(found, name, _OptionValue(known[name]), written, place.below(name))
                continue
            message = f"{self.target_name} has no option {quoted(str(name))}"
            below, sure = place.below(name, at_key=True), certain(str(name), known) or ""
            below.report("GM115", message, suggestion(str(name), known), mended=sure)
        return found

    def schema(self) -> Schema:
        options = self._manifest.options.items()
        properties = {name: _option_schema(name, option) for name, option in options}
        return {"type": "object", "properties": properties, "additionalProperties": False}

    @property
    def _manifest(self) -> Manifest:
        from graymesh.kit.registry import target

        return target(self.target_name).manifest


class _OptionValue:
    """The shape of one option's value."""

    space = ""

    def __init__(self, option: Option) -> None:
        self.option = option

    def read(self, value: Any, place: Place) -> Any:
        if self.option.type != "list of string":
            return self._item(value, self.option.type, place)
        if not isinstance(value, list):
            raise Malformed("GM115", f"{described(value, place)} stands where a list belongs", self.option.doc)
        check_size(value, 0, MOST_ITEMS, "list")
        return [self._item(item, "string", place.below(index)) for index, item in enumerate(value)]

    def schema(self) -> Schema:
        """The option's type and limits."""
        option = self.option
        if option.type != "list of string":
            return self._item_schema(option.type)
        return {"type": "array", "items": self._item_schema("string"), "maxItems": MOST_ITEMS}

    def _item(self, value: Any, kind: str, place: Place) -> Any:
        if type(value) is not _TYPES[kind]:
            advice = f'quote it: "{place.raw()[:60]}"' if kind == "string" and isinstance(value, (int, float)) else ""
            wanted = f"{'an' if kind == 'integer' else 'a'} {kind}"
            raise Malformed("GM115", f"{described(value, place)} stands where {wanted} belongs", advice)
        if isinstance(value, str):
            _check_text(self.option, value)
        elif isinstance(value, int) and not isinstance(value, bool):
            _check_number(self.option, value)
        return value

    def _item_schema(self, kind: str) -> Schema:
        option = self.option
        if option.values:
            return {"enum": list(option.values)}
        shown: Schema = {"type": _JSON_TYPES[kind]}
        if kind == "string":
            shown |= {"pattern": f"^(?:{option.pattern or TEXT})$", "maxLength": LONGEST}
        if option.minimum is not None:
            shown["minimum"] = option.minimum
        if option.maximum is not None:
            shown["maximum"] = option.maximum
        return shown


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
        yield name, {**about, "anyOf": [_Options(name).schema(), {"type": "null"}], "default": {}}


def _option_schema(name: str, option: Option) -> Schema:
    shown: Schema = {"title": name, "description": option.doc, **_OptionValue(option).schema()}
    if option.default is not None:
        shown["default"] = option.default
    example = option.default if option.example is None else option.example
    return {**shown, "examples": list(option.values) or [example]}
