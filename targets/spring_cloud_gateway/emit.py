"""The fleet's document as text."""

from __future__ import annotations

from collections.abc import Sequence

from graymesh.kit.target import Tree
from graymesh.text import yaml_text

FILE = "application-graymesh.yaml"


def emit(trees: Sequence[Tree]) -> dict[str, str]:
    """One file for all releases: of two files that both set the list of routes, Spring takes one."""
    return {FILE: yaml_text(*trees)} if trees else {}
