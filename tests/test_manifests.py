"""Every `target.yaml`: the same for all readers, and right in itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from graymesh.ir.features import FEATURES
from graymesh.kit.json_schemas import misfits
from graymesh.kit.registry import target, target_names
from graymesh.kit.target import Option, Target
from graymesh.source import load_artifacts

TARGETS = target_names()
TYPES = {"structured": dict, "string": str, "integer": int, "boolean": bool, "list of string": list}


def text_of(name: str) -> str:
    return (target(name).folder / "target.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TARGETS)
def test_every_reader_reads_the_same(name: str) -> None:
    (source,) = load_artifacts(text_of(name), "target.yaml")
    assert source.data == yaml.safe_load(text_of(name))


@pytest.mark.parametrize("name", TARGETS)
def test_the_folder_s_name_is_the_target_s(name: str) -> None:
    assert target(name).manifest.name == name
    assert target(name).folder.name == name.replace("-", "_")


@pytest.mark.parametrize("name", TARGETS)
def test_it_has_a_readme(name: str) -> None:
    chosen = target(name)
    assert chosen.readme.startswith(f"# {chosen.manifest.title}\n")


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_that_routes_says_what_users_of_a_dead_canary_get(name: str) -> None:
    manifest = target(name).manifest
    assert bool(re.fullmatch("[45][0-9]{2} from .+", manifest.down)) == manifest.routes


@pytest.mark.parametrize("name", TARGETS)
def test_features_are_known(name: str) -> None:
    """A feature of the language, what several of them begin with, or one that the target's README names."""
    unknown = [feature for feature in target(name).manifest.features if not known(feature, target(name))]
    assert unknown == []


def known(feature: str, chosen: Target) -> bool:
    family = any(each.startswith(f"{feature}.") for each in FEATURES)
    return feature in FEATURES or family or f"`{feature}`" in chosen.readme


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_not_native_is_explained(name: str) -> None:
    for feature, capability in target(name).manifest.features.items():
        said = {
            "native": not (capability.how or capability.why or capability.instead),
            "emulated": bool(capability.how) and not (capability.why or capability.instead),
            "none": bool(capability.why) and not capability.how,
        }
        assert said[capability.support], feature


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_a_target_cannot_say_has_a_reason(name: str) -> None:
    """Routing features that nobody declared would be refused with a reason that helps nobody."""
    manifest = target(name).manifest
    if manifest.routes:
        silent = [feature for feature in FEATURES if "does not declare" in manifest.capability(feature).why]
        assert silent == []


OPTIONS = [(name, option) for name in TARGETS for option in target(name).manifest.options]


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_options_are_right(name: str, option: str) -> None:
    assert list(mistakes(target(name).manifest.options[option])) == []


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_structured_options_have_a_schema_that_takes_what_they_show(name: str, option: str) -> None:
    chosen, declared = target(name), target(name).manifest.options[option]
    if declared.type == "structured":
        shown = [declared.default, declared.example or declared.default]
        assert [list(misfits(chosen.folder / "options.schema.json", each, option)) for each in shown] == [[], []]


def mistakes(option: Option) -> Iterator[str]:
    """What is wrong with the declaration of an option."""
    if option.type not in TYPES:
        yield f"{option.type} is no type of an option"
        return
    if not option.doc.endswith("."):
        yield "the doc is no sentence"
    if type(option.default) is not TYPES[option.type]:
        yield f"the default {option.default!r} is no {option.type}"
        return
    textual = option.type in ("string", "list of string")
    if (option.pattern or option.values) and not textual:
        yield "only texts have a pattern or values"
        return
    if (option.minimum is not None or option.maximum is not None) and option.type != "integer":
        yield "only integers have limits"
    if option.example is None and not option.values and option.default in ("", []):
        yield "neither the default nor an example shows what to write"
    if option.example is not None and type(option.example) is not TYPES[option.type]:
        yield f"the example {option.example!r} is no {option.type}"
        return
    for shown in (option.default, option.example):
        for value in shown if isinstance(shown, list) else [shown]:
            if value is not None:
                yield from unfit(option, value)


def unfit(option: Option, value: Any) -> Iterator[str]:
    """Why the default would not be taken if it were written."""
    if option.values and value not in option.values:
        yield f"{value!r} is not one of the values"
    if option.pattern and not re.fullmatch(option.pattern, value):
        yield f"{value!r} does not fit the pattern"
    if option.minimum is not None and value < option.minimum:
        yield f"{value!r} is too small"
    if option.maximum is not None and value > option.maximum:
        yield f"{value!r} is too large"


@pytest.mark.parametrize(
    ("option", "mistake"),
    [
        (Option(type="text", doc="A text."), "text is no type of an option"),
        (Option(type="string", doc="A text", default="a"), "the doc is no sentence"),
        (Option(type="integer", doc="A number.", default=True), "the default True is no integer"),
        (Option(type="string", doc="A text.", default="c", values=("a", "b")), "'c' is not one of the values"),
        (Option(type="list of string", doc="Texts.", default=["B"], pattern="[a-z]"), "'B' does not fit the pattern"),
        (Option(type="integer", doc="A number.", default=0, minimum=1), "0 is too small"),
        (Option(type="integer", doc="A number.", default=9, maximum=8), "9 is too large"),
        (Option(type="integer", doc="A number.", default=9, pattern="9"), "only texts have a pattern or values"),
        (Option(type="boolean", doc="A switch.", default=True, minimum=0), "only integers have limits"),
        (
            Option(type="list of string", doc="Texts.", default=[]),
            "neither the default nor an example shows what to write",
        ),
        (Option(type="list of string", doc="Texts.", default=[], example="a"), "the example 'a' is no list of string"),
        (
            Option(type="string", doc="A text.", default="a", example="B", pattern="[a-z]"),
            "'B' does not fit the pattern",
        ),
    ],
)
def test_mistakes_are_found(option: Option, mistake: str) -> None:
    assert list(mistakes(option)) == [mistake]
