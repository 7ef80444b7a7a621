"""Holds artifacts against the schemas that their engine publishes, where a target's folder has them.

`schema/<kind>.json` is the schema of Kubernetes objects of that kind; all other objects are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graymesh.diagnostic import Diagnostic, Refused
from graymesh.kit.json_schemas import misfits
from graymesh.kit.target import Target
from graymesh.source import Source, load_artifacts


def schemas_of(target: Target) -> Mapping[str, Path]:
    """The files by the kind that they describe; none for most targets."""
    return {file.stem: file for file in sorted((target.folder / "schema").glob("*.json"))}


def refused_by_schema(target: Target, files: Mapping[str, str], folder: str) -> Iterator[Diagnostic]:
    """What the schemas do not take, at its line; `folder` is where the files stand, for messages. Code: GM909.

    Files that cannot be read at all are passed over: verification has told of them.
    """
    schemas = schemas_of(target)
    for path, text in files.items() if schemas else ():
        try:
            sources = load_artifacts(text, f"{folder}/{path}")
        except Refused:
            continue
        for source in sources:
            kind = _kind(source.data)
            if kind in schemas:
                yield from _of_object(target.manifest.name, kind, schemas[kind], source)


def _of_object(name: str, kind: str, schema: Path, source: Source) -> Iterator[Diagnostic]:
    """The schemas speak of what belongs to the kind; what all objects have is not theirs."""
    own = {key: value for key, value in source.data.items() if key not in ("apiVersion", "kind", "metadata")}
    for misfit in misfits(schema, own):
        message = f"the schema of {kind} does not take this: {misfit.message}"
        found = Diagnostic(
            code="GM909",
            message=message,
            path=misfit.path,
            at_key=misfit.at_key,
            help=misfit.help,
            targets=(name,),
        )
        yield source.place(found)


def _kind(data: Any) -> str:
    kind = data.get("kind") if isinstance(data, dict) else None
    return kind if isinstance(kind, str) else ""
