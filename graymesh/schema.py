"""The JSON Schemas of the files that people write, generated from the model for editors and other tools.

    python -m graymesh.schema [FOLDER]

writes them into the folder, `schemas` unless another is named.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from graymesh.model import ProjectFile, Rollout
from graymesh.record import One, Record
from graymesh.text import json_text

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
    return {"$schema": DIALECT, "$id": BASE + file_name(kind), **about, **One(record).schema()}


def write(folder: Path) -> tuple[Path, ...]:
    """Writes all schemas into the folder and returns their paths."""
    paths = tuple(folder / file_name(kind) for kind in KINDS)
    for kind, path in zip(KINDS, paths, strict=True):
        path.write_text(json_text(schema(kind)), encoding="utf-8")
    return paths


def main(arguments: Sequence[str]) -> None:
    """The command line: an optional folder."""
    for path in write(Path(arguments[0] if arguments else "schemas")):
        print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
