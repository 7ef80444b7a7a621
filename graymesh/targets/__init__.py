"""The targets: installed beside this file, or in the folder `targets` of a checkout."""

from pathlib import Path

_checkout = Path(__file__).resolve().parents[2]
if (_checkout / "pyproject.toml").is_file() and (_checkout / "targets").is_dir():
    __path__.append(str(_checkout / "targets"))
