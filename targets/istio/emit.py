"""Istio's objects as YAML."""

from __future__ import annotations

from collections.abc import Sequence

from graymesh.targets.istio.lower import IstioFile
from graymesh.text import yaml_text


def emit(trees: Sequence[IstioFile]) -> dict[str, str]:
    """Path → text; the documents of a file keep their order."""
    return {tree.path: yaml_text(*tree.documents) for tree in trees}
