"""Values → the page's text, the same bytes for the same values."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from types import ModuleType
from typing import Any, Final

from graymesh.diff.model import TrafficDiff
from graymesh.diff.page import drawing
from graymesh.diff.page.model import ProjectView
from graymesh.ir.wording import duration, percent, shares_in_words
from graymesh.report.shown import inline

MOST_LINES: Final = 5_000
"""Lines of files on one page: browsers on phones are slow beyond; the rest is counted."""


def project_page(project: ProjectView) -> str:
    """The page of a project."""
    return _filled("project.html.j2", {"project": project, "room": _Room()})


def diff_page(diff: TrafficDiff, sentences: ModuleType) -> str:
    """The page of a change; `sentences` is the module that says it in words."""
    return _filled("diff.html.j2", {"diff": diff, "say": sentences, "room": _Room()})


class _Room:
    """How many lines still fit on the page."""

    def __init__(self) -> None:
        self._left = MOST_LINES

    def take(self, lines: list[Any]) -> list[Any]:
        """As many of the lines as fit."""
        taken = lines[: self._left]
        self._left -= len(taken)
        return taken


def _filled(name: str, values: Mapping[str, Any]) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: Any) -> Any:
        """Hidden characters are written out; Jinja escapes the rest afterwards."""
        return value if isinstance(value, (int, Markup)) else inline(str(value))

    environment = Environment(
        loader=PackageLoader("graymesh.diff", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(percent=percent, duration=duration, shares=lambda shares: shares_in_words(dict(shares)))
    css = files("graymesh.diff.page").joinpath("page.css").read_text(encoding="utf-8")
    digest = b64encode(sha256(css.encode()).digest()).decode()
    own = {"css": Markup(css), "digest": digest, "draw": drawing}  # noqa: S704  our own file, not a user's
    return environment.get_template(name).render({**values, **own})
