"""For a pull request's comment: a sticky marker, what to look at first, each change, pictures, and files if asked for.

Whatever a user wrote stands in code spans, fences or quoted labels: there it can neither mention anybody nor become a
link, a heading or a directive. A comment holds so many characters: what does not fit is left out as a whole, files
first, then pictures, then changes from the end, and the last line says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from graymesh.diff.model import Artifact, Change, EngineDiff, ReleaseDiff, Risk, TrafficDiff
from graymesh.diff.report.mermaid import picture
from graymesh.diff.report.sentences import (
    NO_CHANGE,
    engine_line,
    engines_line,
    headline,
    move_line,
    no_command,
    stage_line,
    subject,
    trend_word,
)
from graymesh.ir.wording import shares_in_words
from graymesh.report.shown import inline

MARKER: Final = "<!-- graymesh diff -->"
"""The first line: by it, the next run finds the comment that it has to replace."""

MOST_CHARACTERS: Final = 60_000
"""GitHub takes 65,536 characters."""

_LAST_LINE: Final = 400  # characters kept for the line that tells what was left out
_BACKTICKS: Final = re.compile("`+")


@dataclass(frozen=True, slots=True)
class _Block:
    """A part that stands or goes as a whole; `what` it is called when it goes, "" for what always stands."""

    text: str
    what: str = ""


def render(diff: TrafficDiff, *, color: bool = False, files: bool = False) -> str:
    """The comment, at most `MOST_CHARACTERS` long."""
    head = _Block("\n".join(_head(diff)))
    changes = list(_releases(diff))
    engines = [_Block("\n".join(_engines(diff.engines)), "list of engines")] if diff.engines else []
    pictures = [_Block(_picture(each), "picture") for each in diff.releases if each.state != "unchanged"]
    artifacts = [each for engine in diff.engines for each in engine.artifacts] if files else []
    return _fitted(head, changes, [*engines, *pictures, *(_Block(_file(each), "file") for each in artifacts)])


def code(text: str) -> str:
    """A code span that holds exactly this text, with hidden characters written out."""
    shown = inline(text)
    if not shown:
        return "(empty)"
    fence = "`" * (max(map(len, _BACKTICKS.findall(shown)), default=0) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _head(diff: TrafficDiff) -> Iterator[str]:
    yield MARKER
    yield f"### graymesh: {headline(diff)}"
    yield f"\n{code(diff.old)} → {code(diff.new)}"
    if diff.risks:
        yield "\n**Look at first**\n"
        shown = diff.risks[:20]
        yield from map(_risk, shown)
        if len(diff.risks) > len(shown):
            yield f"- and {len(diff.risks) - len(shown)} more"


def _risk(risk: Risk) -> str:
    where = f"{code(risk.release)} " if risk.release else ""
    return f"- ⚠️ **{risk.kind.replace('-', ' ')}** {where}{code(risk.message[:500])}"


def _releases(diff: TrafficDiff) -> Iterator[_Block]:
    for release in diff.releases:
        if release.state != "unchanged" or release.plan:
            yield from _release(release)
    same = [release.key for release in diff.releases if release.state == "unchanged" and not release.plan]
    if same and len(diff.releases) > len(same):
        yield _Block(f"\nFor {len(same)} more: {NO_CHANGE}.")


def _release(release: ReleaseDiff) -> Iterator[_Block]:
    stage = stage_line(release)
    said = release.state if release.state in ("added", "removed") else ""
    details = " · ".join(part for part in (said, code(stage) if stage else "") if part)
    yield _Block(f"\n#### {code(release.key)}" + (f" · {details}" if details else "") + "\n", "release")
    shown = release.new if release.state == "added" else release.old if release.state == "removed" else None
    for row in shown.routes if shown else ():
        yield _Block(f"- {code(row.who)}: {code(shares_in_words(dict(row.shares)))}", "route")
    if release.state == "unchanged":
        yield _Block(f"{NO_CHANGE}\n")
    for change in release.changes:
        yield _Block("\n".join(_change(change)), "change")
    for line in release.plan:
        yield _Block(f"- plan: {code(line)}", "change of plan")


def _change(change: Change) -> Iterator[str]:
    if change.kind == "undecided":
        yield f"- ❓ **NOT DECIDED** for {code(change.who)}: {code(change.new)}"
        yield from (f"  - at {code(str(place))} {code(place.text)}" for place in change.causes)
        return
    trend = trend_word(change)
    grave = "⚠️ " if change.trend in ("weaker", "removed") or change.back else ""
    mark = f" — **{trend}**" if trend else ""
    yield f"- {grave}{code(subject(change))}: {code(change.old)} → {code(change.new)}{mark}"
    yield from (f"  - {code(move_line(move))}" for move in change.moves[:20])
    if len(change.moves) > 20:
        yield f"  - and {len(change.moves) - 20} more parts of the users"
    yield from (f"  - {code(note)}" for note in change.notes)
    if change.witness:
        seen = change.witness
        known = (seen.old, seen.new) == (change.old, change.new)
        yield f"  - try {code(seen.command)}" + ("" if known else f": {code(seen.old)} → {code(seen.new)}")
    elif change.example:
        yield f"  - it affects {code(change.example)}"
    for place in change.causes:
        before = " (before)" if place.side == "old" else ""
        yield f"  - because {code(str(place))}{before}" + (f" {code(place.text)}" if place.text else "")
    if change.kind != "release" or change.engines:
        yield f"  - seen by {code(engines_line(change))}"


def _engines(engines: Sequence[EngineDiff]) -> Iterator[str]:
    yield "\n**Engines**\n"
    for engine in engines:
        yield f"- {code(engine.target)}: {code(engine_line(engine))}"
        yield from (f"  - {_sign(each)} {code(each.path)}" for each in engine.artifacts[:50])
        if len(engine.artifacts) > 50:
            yield f"  - and {len(engine.artifacts) - 50} more"


def _sign(artifact: Artifact) -> str:
    added, gone = artifact.lines
    return f"{artifact.state} (+{added} −{gone})"


def _picture(release: ReleaseDiff) -> str:
    return f"\n<details><summary>Picture of the routes, before and after</summary>\n\n{code(release.key)}\n\n" + (
        f"```mermaid\n{picture(release)}\n```\n\n</details>"
    )


def _file(artifact: Artifact) -> str:
    lines = [no_command(inline(line)) for line in artifact.diff()]
    longest = max((len(found) for line in lines for found in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    said = "\n".join(lines)
    return (
        f"\n<details><summary>File, line by line</summary>\n\n{code(artifact.path)}\n\n"
        f"{fence}diff\n{said}\n{fence}\n\n</details>"
    )


def _fitted(head: _Block, changes: Sequence[_Block], others: Sequence[_Block]) -> str:
    """Changes up to the first that does not fit, then whatever else does, in the usual order."""
    room = MOST_CHARACTERS - _LAST_LINE - len(head.text)
    kept, dropped = [head.text], list[_Block]()
    for number, block in enumerate(changes):
        if len(block.text) + 1 > room:
            dropped += changes[number:]
            break
        room -= len(block.text) + 1
        kept.append(block.text)
    for block in others:
        if len(block.text) + 1 > room:
            dropped.append(block)
            continue
        room -= len(block.text) + 1
        kept.append(block.text)
    return "\n".join([*kept, *_left_out(dropped)]) + "\n"


def _left_out(dropped: Iterable[_Block]) -> Iterator[str]:
    counts: dict[str, int] = {}
    for block in dropped:
        counts[block.what or "line"] = counts.get(block.what or "line", 0) + 1
    if counts:
        parts = ", ".join(f"{number} × {what}" for what, number in counts.items())
        yield (
            f"\n**Not everything is shown:** a comment holds {MOST_CHARACTERS:,} characters, and these did not fit: "
            f"{parts}. `graymesh diff` in a terminal shows all."
        )
