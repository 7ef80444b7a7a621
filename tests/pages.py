"""HTML pages under test: their elements by Python's own parser, and a change and a project with one text everywhere."""

from __future__ import annotations

from html.parser import HTMLParser

from graymesh.diff.model import (
    Artifact,
    Change,
    EngineDiff,
    Move,
    Place,
    ReleaseDiff,
    Risk,
    RouteRow,
    StageStep,
    Standing,
    TrafficDiff,
    Witness,
)
from graymesh.diff.page.model import EngineRow, FileView, ProjectView, ReleaseView, StageStrip, TargetView

VOID = frozenset(("meta", "br", "link", "img", "input", "hr"))


class Page(HTMLParser):
    """`elements` are (tag, attributes) in order, `text` all texts; an element that is not closed is an error."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.styles: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        (self.styles if self._open[-1:] == ["style"] else self.texts).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return "".join(self.texts)


def standing(text: str) -> Standing:
    shares = ((f"canary{text}", 2000), (f"stable{text}", 8000))
    return Standing(
        file=f"file{text}",
        stage=f"stage{text}",
        stable=f"stable{text}",
        hosts=(f"host{text}",),
        routes=(RouteRow(who=f"who{text}", shares=shares), RouteRow(who="nobody", shares=())),
        strip=((0, 13106, f"canary{text}"), (13107, 65535, f"stable{text}")),
        stages=(
            StageStep(name=f"stage{text}", shares=shares, hold_ms=60_000),
            StageStep(name=f"last{text}", shares=shares),
        ),
    )


def change_with(text: str) -> TrafficDiff:
    """A change that has the text in every place where a user's text may stand."""
    side = standing(text)
    change = Change(
        kind="version", who=f"who{text}", what=f"what{text}", old=f"old{text}", new=f"new{text}", trend="weaker",
        moves=(Move(low=0, high=655, old=f"old{text}", new=f"new{text}", back=True),),
        notes=(f"note{text}",), engines=(f"engine{text}",),
        witness=Witness(request=f"request{text}", command=f"curl{text}", old=f"a{text}", new=f"b{text}"),
        causes=(Place(side="old", file=f"file{text}", line=3, column=1, text=f"cause{text}"),),
    )  # fmt: skip
    unknown = Change(kind="undecided", who=f"who{text}", what="", old="", new=f"reason{text}", example=f"curl{text}")
    release = ReleaseDiff(
        key=f"key{text}", state="changed", old=side, new=side, changes=(change, unknown), plan=(f"plan{text}",)
    )
    line = text.replace("\n", " ")
    file = Artifact(target="t", path=f"path{text}", old=f"same{line}\nold{line}\n", new=f"same{line}\nnew{line}\n")
    engine = EngineDiff(target=f"engine{text}", sees=None, reason=f"reason{text}", artifacts=(file,))
    risk = Risk(kind="incomplete", release=f"key{text}", message=f"message{text}")
    return TrafficDiff(
        old=f"old{text}", new=f"new{text}", releases=(release,), engines=(engine,), risks=(risk,),
        problems=(f"problem{text}",),
    )  # fmt: skip


def project_with(text: str) -> ProjectView:
    """A project that has the text in every place where a user's text may stand."""
    side = standing(text)
    release = ReleaseView(
        key=f"key{text}",
        standing=side,
        strips=(StageStrip(stage=side.stage, strip=side.strip), StageStrip(stage=f"last{text}", strip=())),
        engines=(EngineRow(target=f"engine{text}", files=1, verified=True),),
    )
    held = FileView(path=f"path{text}", text=f"line{text}\n")
    engine = TargetView(target=f"engine{text}", files=(held,), verified=True)
    return ProjectView(name=f"project{text}", releases=(release,), targets=(engine,))
