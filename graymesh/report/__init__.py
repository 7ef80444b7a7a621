"""Diagnostics as text for people and for machines. A format is a module here with a function `render`:

    render(diagnostics: Sequence[Diagnostic], sources: Mapping[str, str], *, color: bool = False) -> str

`sources` gives the text of the files that diagnostics name; a missing one costs only its excerpts. A renderer keeps the
order of the diagnostics, decides nothing, and lets no character of the user's act on a terminal, a log or a parser.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from graymesh.diagnostic import Diagnostic


def formats_in(folders: Iterable[str]) -> tuple[str, ...]:
    """The names of the formats in these folders, sorted: their modules that define `render`.

    The modules are read, not imported: some are slow to load, and only one is needed.
    """
    found = [(Path(folder), module.name) for folder in folders for module in pkgutil.iter_modules([folder])]
    files = ((name, folder / f"{name}.py") for folder, name in found)
    return tuple(sorted(name for name, file in files if file.is_file() and "\ndef render(" in _text(file)))


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


FORMATS: Final = formats_in(__path__)


def render(format: str, diagnostics: Sequence[Diagnostic], sources: Mapping[str, str], *, color: bool = False) -> str:
    """The diagnostics in one of `FORMATS`. KeyError when there is no such format."""
    if format not in FORMATS:
        raise KeyError(format)
    text: str = import_module(f"{__name__}.{format}").render(diagnostics, sources, color=color)
    return text
