"""The JSON Schemas of the files that people write, generated from the models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from graymesh.language.model import ProjectFile, Rollout
from graymesh.language.record import One, Record

BASE: Final = "https://graymesh.io/schemas/"
DIALECT: Final = "http://json-schema.org/draft-07/schema#"
KINDS: Final[Mapping[str, type[Record]]] = {"rollout": Rollout, "project": ProjectFile}


def file_name(kind: str) -> str:
    """`rollout.v1alpha1.schema.json`; the kind is `rollout` or `project`."""
    return f"{kind}.v1alpha1.schema.json"


def schema(kind: str) -> dict[str, Any]:
    """The schema of a `rollout` or `project` file. Raises KeyError for other kinds."""
    record = KINDS[kind]
    about = {"title": f"graymesh {kind}", "description": (record.__doc__ or "").strip()}
    return {"$schema": DIALECT, "$id": BASE + file_name(kind), **One(record).schema(), **about}
