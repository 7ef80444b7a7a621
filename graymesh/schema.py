"""The JSON Schemas of the files that people write and of the JSON that commands print, generated from the models.

    python -m graymesh.schema [FOLDER]

writes them into the folder, `schemas` unless another is named.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from graymesh.language.record import One, Record
from graymesh.model import ProjectFile, Rollout
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
    return {"$schema": DIALECT, "$id": BASE + file_name(kind), **One(record).schema(), **about}


def output_schemas() -> dict[str, dict[str, Any]]:
    """The schemas of what commands print with `--format json`, and of baselines, by file name."""
    from graymesh.contracts import Baseline, Contract, RouteAnswer, RouteTables
    from graymesh.diff_contract import TrafficDiff

    models: dict[str, type[Contract]] = {
        "route-tables.v1.schema.json": RouteTables,
        "route-answer.v1.schema.json": RouteAnswer,
        "baseline.v1.schema.json": Baseline,
        "traffic-diff.v1.schema.json": TrafficDiff,
    }
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {
        name: {**about, "$id": BASE + name, **model.model_json_schema(mode="serialization")}
        for name, model in models.items()
    }


def write(folder: Path) -> tuple[Path, ...]:
    """Writes all schemas into the folder and returns their paths."""
    texts = {file_name(kind): json_text(schema(kind)) for kind in KINDS}
    texts |= {name: json_text(found) for name, found in output_schemas().items()}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return tuple(folder / name for name in texts)


def main(arguments: Sequence[str]) -> None:
    """The command line: an optional folder."""
    for path in write(Path(arguments[0] if arguments else "schemas")):
        print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
