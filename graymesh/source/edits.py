"""Edits: from paths to places in the text, and from places to the changed text. Everything around them is kept.

An edit that would take away a comment, or touch what an anchor, an alias or a tag stands for, is not done.
"""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from graymesh.diagnostic import START, Edit, Pointer, Span
from graymesh.source.comments import Layout
from graymesh.source.node import Node

_SIGNS: Final = ("&", "*", "!", "|", ">", "?")
_ITEM: Final = re.compile(r"[ \t]*-[ \t]+")


def placed(edits: Sequence[Edit], positions: Layout, document: int) -> tuple[Edit, ...]:
    """The edits with their spans; none at all when one of them cannot be done."""
    found = [edit if edit.span != START else _placed(edit, positions, document) for edit in edits]
    return tuple(edit for edit in found if edit) if all(found) else ()


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with every edit done; they must not overlap, and lines may end in CRLF."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    parts, end = [], len(text)
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        first = starts[edit.span.line - 1] + edit.span.column - 1
        last = min(starts[edit.span.end_line - 1] + edit.span.end_column - 1, len(text))
        if last > end:
            raise ValueError("edits overlap")
        parts += [text[last:end], edit.text]
        end = first
    return text[:end] + "".join(reversed(parts))


class Apart:
    """Edits that do not touch each other, in the order of the text, so that a further one meets its neighbours only."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._collections: set[Pointer] = set()

    def touches(self, edit: Edit) -> bool:
        """Does the edit touch text of one of these, or would both take something out of the same list or mapping?"""
        if edit.part == "entry" and edit.path and edit.path[:-1] in self._collections:
            return True
        index = bisect_left(self._spans, edit.span)
        before, behind = self._spans[max(0, index - 1) : index], self._spans[index : index + 1]
        return any(_overlap(span, edit.span) for span in before) or any(_overlap(edit.span, span) for span in behind)

    def add(self, edits: Sequence[Edit]) -> None:
        """Takes these in, which touch none."""
        for edit in edits:
            insort(self._spans, edit.span)
        self._collections.update(edit.path[:-1] for edit in edits if edit.part == "entry" and edit.path)


def _overlap(first: Span, second: Span) -> bool:
    return (second.line, second.column) < (first.end_line, first.end_column) or first == second


def _placed(edit: Edit, positions: Layout, document: int) -> Edit | None:
    node = positions.find(document, edit.path)
    if node is None or not edit.path:
        return None
    if edit.part == "entry":
        span = _entry(edit, positions, document)
    else:
        span = node.key if edit.part == "key" else node.span
        span = span if not positions.starts_with(span, _SIGNS) and positions.slice(span) else None
    if span is None or _holds_a_comment(positions, span):
        return None
    return replace(edit, span=span)


def _holds_a_comment(positions: Layout, span: Span) -> bool:
    columns = positions.comment_columns
    for line in range(span.line, min(span.end_line, len(positions.lines)) + 1) if columns else ():
        if line in columns and (span.line, span.column) <= (line, columns[line]) < (span.end_line, span.end_column):
            return True
    return False


def _entry(edit: Edit, positions: Layout, document: int) -> Span | None:
    """What is taken out with an entry; a collection that would be left empty is taken out with it."""
    parent = positions.find(document, edit.path[:-1])
    node = positions.find(document, edit.path)
    if parent is None or node is None or parent.span != parent.written:
        return None
    if len(parent.children) == 1:
        return _entry(replace(edit, path=edit.path[:-1]), positions, document) if len(edit.path) > 1 else None
    if positions.starts_with(parent.span, _SIGNS):
        return None
    if positions.starts_with(parent.span, ("[", "{")):
        return _in_flow(list(parent.children.values()), node)
    return _in_block(positions, node, item=isinstance(edit.path[-1], int))


def _in_flow(siblings: Sequence[Node], node: Node) -> Span:
    """With the comma after it, or before it when it is the last."""
    index = siblings.index(node)
    if index + 1 < len(siblings):
        return Span(node.key.line, node.key.column, *_start(siblings[index + 1]))
    before = siblings[index - 1].span
    return Span(before.end_line, before.end_column, node.span.end_line, node.span.end_column)


def _start(node: Node) -> tuple[int, int]:
    return node.key.line, node.key.column


def _in_block(positions: Layout, node: Node, item: bool) -> Span | None:
    """Whole lines; None when something else stands on them."""
    first, last = node.key, node.span
    before = positions.lines[first.line - 1][: first.column - 1]
    behind = positions.lines[last.end_line - 1][last.end_column - 1 :]
    alone = _ITEM.fullmatch(before) if item else not before.strip()
    if not alone or behind.strip():
        return None
    if last.end_line < len(positions.lines):
        return Span(first.line, 1, last.end_line + 1, 1)
    return Span(first.line, 1, last.end_line, len(positions.lines[last.end_line - 1]) + 1)
