"""`graymesh explain`: the page of a code, a target, a feature or a key of the files that people write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from graymesh.commands.base import Command, Terminal, table

if TYPE_CHECKING:
    from graymesh.kit.target import Manifest, Target
    from graymesh.language.keys import Key
    from graymesh.lint.finding import Rule

_MOST_PAGES = 3
"""Keys that a topic may name to get their pages; more are listed."""


def complete_topic(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """All topics that start like this, for shells."""
    return sorted({name for name in _names() if name.lower().startswith(incomplete.lower())})


@click.command(
    cls=Command,
    examples="""
    graymesh explain                    # everything that has a page
    graymesh explain GM201
    graymesh explain nginx
    graymesh explain cookie.regex
    graymesh explain stages[].weight
    graymesh explain spec.sticky.cookie
    """,
)
@click.argument("topic", required=False, shell_complete=complete_topic)
@click.pass_obj
def command(terminal: Terminal, topic: str | None) -> int:
    """Explain a code, a target, a feature or a key of the spec; without TOPIC, list them all.

    A key is named by its path (spec.stages[].weight) or the end of it (weight). What is the name of a feature and of a
    key gets both pages.
    """
    if topic is None:
        terminal.out(_everything())
        return 0
    page = _code(topic) or _target(topic) or "\n\n".join(filter(None, (_feature(topic), _keys(topic))))
    if not page:
        raise click.UsageError(f"nothing is called {topic!r}; {_suggestion(topic)}")
    terminal.out(page.rstrip())
    return 0


def _everything() -> str:
    from graymesh.ir.features import FEATURES
    from graymesh.kit.registry import target, target_names
    from graymesh.lint import page
    from graymesh.lint.engine import all_rules

    codes = [[rule.code, rule.level, page.read(rule.page).title] for rule in all_rules()]
    targets = [[name, target(name).manifest.title] for name in target_names()]
    features = [[name, meaning] for name, (_, meaning) in FEATURES.items()]
    keys = _all_keys()
    parts = [table(["code", "level", "finds"], codes), table(["target", "engine"], targets)]
    parts.append(table(["feature", "what it is"], features))
    for kind, header in (("rollout", "key of a release"), ("project", "key of graymesh.yaml")):
        parts.append(table([header, "meaning"], [[key.path, key.doc] for key in keys if key.kind == kind]))
    return "\n\n".join(parts)


def _code(topic: str) -> str | None:
    from graymesh.lint.engine import all_rules

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
    from graymesh.kit.registry import target, target_names

    if topic not in target_names():
        return None
    found = target(topic)
    parts = (found.readme.rstrip(), _options(found.manifest), _support(found.manifest), _settings(found))
    return "\n\n".join(filter(None, parts))


def _options(manifest: Manifest) -> str:
    rows = []
    for name, option in manifest.options.items():
        rows.append([name, option.type, _shown(option.default), option.doc])
        rows += _inside(manifest.name, name) if option.type == "structured" else ()
    return "Options\n\n" + (_indented(table(["option", "type", "default", "meaning"], rows)) if rows else "    none")


def _inside(target_name: str, option: str) -> list[list[str]]:
    """What a structured option is made of: each key below it, with its type, default and meaning."""
    from graymesh.language.keys import keys_of

    above = f"spec.targets.{target_name}."
    below = [key for key in keys_of("rollout") if re.match(rf"{re.escape(above + option)}[.\[]", key.path)]
    return [[key.path.removeprefix(above), key.type, _shown(key.schema.get("default")), key.doc] for key in below]


def _shown(value: object) -> str:
    from graymesh.text import json_text

    return "" if value is None else json_text(value).replace("\n", "").replace("  ", "")


def _support(manifest: Manifest) -> str:
    from graymesh.ir.features import FEATURES

    rows = []
    for name in FEATURES:
        found = manifest.capability(name)
        rows.append([name, found.support, " ".join(filter(None, (found.how, found.why, found.instead)))])
    return "Features\n\n" + _indented(table(["feature", "support", "how, why, instead"], rows))


def _settings(found: Target) -> str:
    """What files of this target alone tell of; `graymesh read` and findings call it so."""
    from graymesh.ir.settings import SPEC_SETTINGS

    units = {"": "", "ms": "milliseconds", "bp": "basis points"}
    own = [row for row in found.settings if row not in SPEC_SETTINGS.rows]
    rows = [[row.words(row.name), units[row.unit], row.doc] for row in own]
    return "Settings of its own\n\n" + _indented(table(["setting", "unit", "meaning"], rows)) if rows else ""


def _feature(topic: str) -> str | None:
    from graymesh.ir.features import FEATURES
    from graymesh.kit.registry import target, target_names

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
    from graymesh.ir import semantics

    for line in (semantics.__doc__ or "").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > 1 and cells[0] == feature.partition(".")[0]:
            return f"How it is compared: {cells[1]}."
    return ""


def _keys(topic: str) -> str | None:
    """The page of each key that the topic names in full; a table when it only ends several."""
    from graymesh.language.keys import keys_at

    found = keys_at(_all_keys(), topic)
    if not found:
        return None
    if len(found) > _MOST_PAGES:
        return f"{topic}\n\n" + _indented(table(["key", "meaning"], [[_shown_path(key), key.doc] for key in found]))
    return "\n\n".join(map(_key_page, found))


def _all_keys() -> list[Key]:
    from graymesh.language.keys import keys_of
    from graymesh.language.schema import KINDS

    return [key for kind in KINDS for key in keys_of(kind)]


def _shown_path(key: Key) -> str:
    return key.path if key.kind == "rollout" else f"{key.path} (graymesh.yaml)"


def _key_page(key: Key) -> str:
    from graymesh.text import yaml_text

    schema = key.schema
    need = "Required." if key.required else "May be left out."
    if "default" in schema:
        need += f" Default: {_shown(schema['default'])}"
    name = key.words[-1]
    examples = [f"Example:\n\n{_indented(yaml_text({name: one}))}" for one in schema.get("examples", ())]
    below = [[other.path.removeprefix(key.path).lstrip("[]."), other.doc] for other in _directly_below(key)]
    table_below = "Keys\n\n" + _indented(table(["key", "meaning"], below)) if below else ""
    parts = [_shown_path(key), key.doc, f"Type: {key.type}. {need}", *examples, table_below]
    return "\n\n".join(part.rstrip() for part in parts if part)


def _directly_below(key: Key) -> list[Key]:
    from graymesh.language.keys import keys_of

    depth = len(key.words) + 1
    return [other for other in keys_of(key.kind) if len(other.words) == depth and other.words[:-1] == key.words]


def _suggestion(topic: str) -> str:
    from graymesh.did_you_mean import SURE, nearest, quoted

    near = nearest(topic, _names(), SURE)  # of so many names some word is always a little alike
    return f"did you mean {quoted(near)}?" if near else "`graymesh explain` without a word lists everything"


def _names() -> list[str]:
    """Everything that has a page; keys by path and without the `spec.` before it."""
    from graymesh.ir.features import FEATURES
    from graymesh.kit.registry import target_names
    from graymesh.lint.engine import all_rules

    rules = all_rules()
    keys = list(dict.fromkeys(key.path for key in _all_keys()))
    short = [path.removeprefix("spec.") for path in keys]
    return [*(rule.code for rule in rules), *(rule.name for rule in rules), *target_names(), *FEATURES, *keys, *short]
