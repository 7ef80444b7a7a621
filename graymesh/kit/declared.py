"""What a target declares about itself in files of its folder, held against what may be declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from graymesh.did_you_mean import quoted, suggestion
from graymesh.ir.features import FEATURES
from graymesh.ir.settings import Protects, Scope, SettingRow, Together, Unit, Weaker
from graymesh.source import load_artifacts

SETTINGS: Final = "settings.yaml"
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "unit": get_args(Unit),
    "scope": get_args(Scope),
    "weaker": get_args(Weaker),
    "protects": get_args(Protects),
    "together": get_args(Together),
    "feature": ("", *FEATURES),
}
_KEYS: Final = ("doc", "path", *_WORDS)


class DeclarationError(Exception):
    """A target's folder declares something that cannot be meant; whoever wrote the folder has to mend it.

    No ValueError, which would be taken for a mistake in the spec that is being read.
    """


def private_settings(folder: Path) -> Iterator[SettingRow]:
    """The settings of which only this target's artifacts tell, from `settings.yaml`: name → what the row says.

    `path` is written with dots: `spec.service.port`. Nothing when there is no such file. Raises DeclarationError.
    """
    file = folder / SETTINGS
    if not file.is_file():
        return
    for source in load_artifacts(file.read_bytes(), file.name):
        if not isinstance(source.data, Mapping):
            raise DeclarationError(f"{folder.name}/{SETTINGS}: it must map the name of each setting to what it is")
        for name, entry in source.data.items():
            yield _row(f"{folder.name}/{SETTINGS}: {name}", name, entry)


def _row(where: str, name: str, entry: Any) -> SettingRow:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("doc"), str):
        raise DeclarationError(f"{where}: it has no doc, a sentence that says what it is")
    for key, value in entry.items():
        if key not in _KEYS:
            raise DeclarationError(f"{where}: {quoted(key)} is nothing that a setting has; {suggestion(key, _KEYS)}")
        if not isinstance(value, str):
            raise DeclarationError(f"{where}: {key} is not a text")
        if value not in _WORDS.get(key, (value,)):
            advice = suggestion(value, _WORDS[key])
            raise DeclarationError(f"{where}: {key} {quoted(value)} is not known; {advice}")
    path = {"path": tuple(entry["path"].split("."))} if "path" in entry else {}
    return SettingRow(name=name, **{**entry, **path})
