"""`graymesh explain`: the page of a code, a target, a feature or a key of the spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from graymesh.commands.base import Command, Terminal, table

if TYPE_CHECKING:
    from graymesh.lint import Rule
    from graymesh.target import Manifest


@click.command(
    cls=Command,
    examples="""
    graymesh explain GM201
    graymesh explain nginx
    graymesh explain cookie.regex
    graymesh explain spec.sticky
    """,
)
@click.argument("topic", required=False)
@click.pass_obj
def command(terminal: Terminal, topic: str | None) -> int:
    """Explain a code, a target, a feature or a key of the spec; without TOPIC, list all codes."""
    if topic is None:
        terminal.out(_all_codes())
        return 0
    page = _code(topic) or _target(topic) or _feature(topic) or _key(topic)
    if page is None:
        raise click.UsageError(f"nothing is called {topic!r}; {_suggestion(topic)}")
    terminal.out(page.rstrip())
    return 0


def _all_codes() -> str:
    from graymesh.lint import all_rules, page

    return table(["code", "level", "finds"], [[r.code, r.level, page.read(r.page).title] for r in all_rules()])


def _code(topic: str) -> str | None:
    from graymesh.lint import all_rules

    wanted = topic.lower().replace("_", "-")
    found = next((rule for rule in all_rules() if wanted in (rule.code.lower(), rule.name, _slug(rule))), None)
    return _page(found) if found else None


def _slug(rule: Rule) -> str:
    return f"{rule.code.lower()}-{rule.name}"


def _page(rule: Rule) -> str:
    from graymesh.lint import page

    read = page.read(rule.page)
    examples = [f"{'Bad' if example.bad else 'Good'}:\n\n{_indented(example.text)}" for example in read.examples]
    return "\n\n".join([f"{rule.code} {rule.name} ({rule.level})", read.title, read.text, *examples])


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.rstrip().split("\n"))


def _target(topic: str) -> str | None:
    from graymesh.registry import target, target_names

    if topic not in target_names():
        return None
    found = target(topic)
    return f"{found.readme.rstrip()}\n\n{_options(found.manifest)}\n\n{_support(found.manifest)}"


def _options(manifest: Manifest) -> str:
    rows = [[name, option.type, _shown(option.default), option.doc] for name, option in manifest.options.items()]
    return "Options\n\n" + (_indented(table(["option", "type", "default", "meaning"], rows)) if rows else "    none")


def _shown(value: object) -> str:
    from graymesh.text import json_text

    return "" if value is None else json_text(value).replace("\n", "").replace("  ", "")


def _support(manifest: Manifest) -> str:
    from graymesh.capability import FEATURES

    rows = []
    for name in FEATURES:
        found = manifest.capability(name)
        rows.append([name, found.support, " ".join(filter(None, (found.how, found.why, found.instead)))])
    return "Features\n\n" + _indented(table(["feature", "support", "how, why, instead"], rows))


def _feature(topic: str) -> str | None:
    from graymesh.capability import FEATURES
    from graymesh.registry import target, target_names

    named = {name.lower(): name for name in FEATURES}
    if topic.lower() not in named:
        return None
    name = named[topic.lower()]
    scopes = {
        "every": "Every target that decides must say it, or the release is refused.",
        "some": "One chosen target is enough.",
        "hint": "Used where an engine can, without a word where it cannot.",
    }
    scope, meaning = FEATURES[name]
    rows = []
    for each in target_names():
        found = target(each).manifest.capability(name)
        rows.append([each, found.support, " ".join(filter(None, (found.how, found.why, found.instead)))])
    rule = _meaning_of_field(name)
    parts = [
        name,
        f"{meaning[0].upper()}{meaning[1:]}. {scopes[scope]}",
        rule,
        _indented(table(["target", "support", ""], rows)),
    ]
    return "\n\n".join(filter(None, parts))


def _meaning_of_field(feature: str) -> str:
    """The row of the reference's own table about this field."""
    from graymesh import semantics

    for line in (semantics.__doc__ or "").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > 1 and cells[0] == feature.partition(".")[0]:
            return f"How it is compared: {cells[1]}."
    return ""


def _key(topic: str) -> str | None:
    """A key of the spec or of the project file, by its path: `spec.sticky.cookie`, or `sticky.cookie`."""
    from graymesh.schema import KINDS, schema

    for kind in KINDS:
        for start in ((), ("spec",)):
            found = _schema_below(schema(kind), (*start, *topic.split(".")))
            if found is not None:
                return _key_page(topic, found)
    return None


def _schema_below(schema: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, Any] | None:
    for choice in schema.get("anyOf", ()):
        found = _schema_below({**schema, "anyOf": (), **choice}, path)
        if found is not None:
            return found
    if not path:
        return schema
    if "items" in schema:
        return _schema_below(schema["items"], path)
    entry = schema.get("properties", {}).get(path[0])
    if entry is None and isinstance(schema.get("additionalProperties"), dict):
        entry = schema["additionalProperties"]
    return None if entry is None else _schema_below(entry, path[1:])


def _key_page(topic: str, found: Mapping[str, Any]) -> str:
    from graymesh.text import yaml_text

    parts = [topic, found.get("description", "")]
    if "default" in found:
        parts.append(f"Default: {_shown(found['default'])}")
    parts += [
        f"Example:\n\n{_indented(yaml_text({topic.rpartition('.')[2]: one}))}" for one in found.get("examples", ())
    ]
    below = _keys_below(found)
    if below:
        parts.append("Keys\n\n" + _indented(table(["key", "meaning"], below)))
    return "\n\n".join(filter(None, parts))


def _keys_below(found: Mapping[str, Any]) -> list[list[str]]:
    for part in (found, found.get("items") or {}, found.get("additionalProperties") or {}):
        if isinstance(part, dict) and part.get("properties"):
            return [[name, entry.get("description", "")] for name, entry in part["properties"].items()]
    return []


def _suggestion(topic: str) -> str:
    from graymesh.capability import FEATURES
    from graymesh.did_you_mean import nearest, quoted
    from graymesh.lint import all_rules
    from graymesh.registry import target_names

    near = nearest(
        topic, [*(rule.code for rule in all_rules()), *(rule.name for rule in all_rules()), *target_names(), *FEATURES]
    )
    return f"did you mean {quoted(near)}?" if near else "`graymesh explain` without a word lists all codes"
