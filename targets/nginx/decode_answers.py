"""Locations that pass nothing on: nginx answers from the disk, or with what `return` says.

Source: the manual of `return`, `root`, `alias`, `index` and `try_files`. A path that ends in a slash is looked for as
its index, and that name then chooses a location anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.nginx.decode_levels import Levels
from graymesh.targets.nginx.decode_locations import Location
from graymesh.targets.nginx.syntax import ParsedDirective

_ALLOWED: Final = frozenset(["alias", "autoindex", "expires", "return", "set"])
_FILES: Final = "files"
_OWN_TRIES: Final = re.compile(r"(?:\$uri/? )+=[0-9]{3}")


def allowed(directive: ParsedDirective) -> bool:
    """May such a location hold this, besides what is harmless everywhere? Other tries may lead to other locations."""
    tries = directive.name == "try_files" and _OWN_TRIES.fullmatch(" ".join(directive.arguments))
    return directive.name in _ALLOWED or bool(tries)


def own_answer(location: Location, locations: Sequence[Location], levels: Levels) -> str:
    """What answers instead of a version: `answer 404`, or `files`.

    Raises NotUnderstood when the name of an index may lead to a location that does something else.
    """
    if location.redirects:
        return "answer 301"
    returned = _first(location, "return")
    if returned is not None:
        return status_of(returned)
    for name in _index_names(location, levels):
        _check_index(name, location, locations)
    return _FILES


def status_of(directive: ParsedDirective) -> str:
    """`answer 404` of a `return`. Raises NotUnderstood for one without a status."""
    code = directive.arguments[0] if directive.arguments else ""
    if not re.fullmatch("[0-9]{3}", code):
        raise NotUnderstood("return", f"{code or 'nothing'} is no status", directive)
    return f"answer {code}"


def _first(location: Location, name: str) -> ParsedDirective | None:
    return next((directive for directive in location.where.body or () if directive.name == name), None)


def _index_names(location: Location, levels: Levels) -> Sequence[str]:
    names = [name for directive in levels.effective("index") for name in directive.arguments]
    for name in names:
        if "/" in name or "$" in name:
            raise NotUnderstood("index", f"{name} leads elsewhere", location.where)
    return names or ["index.html"]


def _check_index(name: str, location: Location, locations: Sequence[Location]) -> None:
    """Does everything that may take a folder's index answer from the disk as well?"""
    for other in locations:
        folder, _, last = other.path.rpartition("/")
        takes = other.modifier in ("~", "~*") and location.modifier != "^~"
        if other.modifier == "=":
            takes = last == name and other.path != location.path
        elif other.modifier in ("", "^~"):
            takes = bool(last) and name.startswith(last) and f"{folder}/".startswith(location.path)
        if takes and not _from_disk(other):
            raise NotUnderstood(
                "location", f"the index of a folder below {location.path} may be {other.path}'s", location.where
            )


def _from_disk(location: Location) -> bool:
    return not location.passes_on and _first(location, "return") is None
