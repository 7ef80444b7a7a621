"""Reads a rule's docstring: title, text, and the examples that tests run.

    Title, naming the pattern.

    What it is and why it hurts.

    bad: |
      routes: [...]
    good: |
      routes: [...]

An example is merged into a small valid spec: top-level keys of a rollout (`metadata`, `spec`) stay where they are,
other keys belong under `spec`. Several releases are separated by `---`. `bad file:` is a whole file instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_EXAMPLE = re.compile(r"^(bad|good)( file)?: \|\n((?:[ ]{2}.*\n|[ ]*\n)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example: `bad` or good, a whole file or a part that is merged into a small valid spec."""

    bad: bool
    whole_file: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A rule's document."""

    title: str
    text: str
    examples: tuple[Example, ...]


def read(docstring: str) -> Page:
    """The parts of a rule's docstring."""
    text = docstring.strip("\n") + "\n"
    title, _, rest = text.partition("\n")
    examples = tuple(_example(match) for match in _EXAMPLE.finditer(text))
    return Page(title=title.strip(), text=_EXAMPLE.sub("", rest).strip("\n"), examples=examples)


def _example(match: re.Match[str]) -> Example:
    lines = [line[2:] for line in match[3].rstrip("\n").split("\n")]
    return Example(bad=match[1] == "bad", whole_file=bool(match[2]), text="\n".join(lines) + "\n")
