"""The JSON Schemas of what people write and of what commands print, as the folder `schemas` has them.

    python -m graymesh.commands.schemas [FOLDER]

writes them into the folder, `schemas` unless another is named.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from graymesh.diff.model import TrafficDiff
from graymesh.language.schema import BASE, DIALECT, KINDS, file_name, schema
from graymesh.report.contracts import Baseline, RouteAnswer, RouteTables
from graymesh.text import json_text

PRINTED: Final[Mapping[str, Any]] = {
    "route-tables.v1.schema.json": RouteTables,
    "route-answer.v1.schema.json": RouteAnswer,
    "baseline.v1.schema.json": Baseline,
    "traffic-diff.v1.schema.json": TrafficDiff,
}


def output_schemas() -> dict[str, dict[str, Any]]:
    """The schemas of what commands print with `--format json`, and of baselines, by file name."""
    return {
        name: {"$schema": DIALECT, "$id": BASE + name, **TypeAdapter(value).json_schema(mode="serialization")}
        for name, value in PRINTED.items()
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
