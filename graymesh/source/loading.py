"""Text or bytes → sources, through every guard: size, encoding, hidden characters, then YAML."""

from __future__ import annotations

from typing import Any

from graymesh.diagnostic import START, Refused, Span
from graymesh.source import hidden
from graymesh.source.comments import Layout
from graymesh.source.conflicts import MARKS, conflict_line
from graymesh.source.limits import ARTIFACT, MIB, SPEC, Limits
from graymesh.source.refusal import refusal, span_of
from graymesh.source.source import Source


def load(text: str | bytes, file: str, what: str = "rollout") -> Source:
    """The one document of a file, a mapping. `what` names it when there is none.

    Raises Refused, with `usage` set when the file holds no mapping at all.
    """
    written, unix = _guarded(text, file, SPEC)
    return Source(file, written, _single_mapping(unix, file, what), positions=Layout(unix))


def load_artifacts(text: str | bytes, file: str) -> list[Source]:
    """Every document of an engine's file that is not empty.

    Raises Refused, also for plain scalars that YAML 1.1 and 1.2 read differently.
    """
    written, unix = _guarded(text, file, ARTIFACT)
    documents = _all_documents(unix, file)
    positions = Layout(unix)
    return [
        Source(file, written, data, number, positions=positions)
        for number, data in enumerate(documents)
        if data is not None
    ]


def _single_mapping(unix: str, file: str, what: str) -> dict[str, Any]:
    from graymesh.source.build import Builder

    builder = Builder(unix, file, SPEC, strict=False)
    if builder.next_document() is None:
        raise _nothing(file, what, "the file is empty", START)
    data, root = builder.document()
    second = builder.next_document()
    if second is not None:
        help = f"give each {what} a file of its own"
        span = span_of(second.start_mark, second.end_mark)
        raise refusal(file, "GM009", "a second document in one file", span=span, help=help)
    if not isinstance(data, dict):
        found = {type(None): "nothing", list: "a list"}.get(type(data), "a single value")
        span = START if data is None else span_of(root.start_mark, root.start_mark)
        raise _nothing(file, what, f"the file holds {found}", span)
    return data


def _nothing(file: str, what: str, found: str, span: Span) -> Refused:
    help = f"a {what} is a mapping with `apiVersion` and `kind`"
    return refusal(file, "GM008", f"no {what} found: {found}", span=span, help=help, usage=True)


def _all_documents(unix: str, file: str) -> list[Any]:
    from graymesh.source.build import Builder

    builder = Builder(unix, file, ARTIFACT, strict=True)
    documents = []
    while builder.next_document() is not None:
        documents.append(builder.document()[0])
    return documents


def _guarded(text: str | bytes, file: str, limits: Limits) -> tuple[str, str]:
    """The text without a byte order mark, and the same with LF as its only line end. Raises Refused."""
    if len(text) > limits.bytes:
        message = f"the file is larger than {limits.bytes // MIB} MiB"
        raise refusal(file, "GM006", message, help="split it into several files")
    written = _decoded(text, file) if isinstance(text, bytes) else text
    written = written.removeprefix("\ufeff")
    unix = written.replace("\r\n", "\n") if "\r" in written else written
    line = conflict_line(unix) if limits is SPEC else None
    if line:
        message = "git left a merge conflict in this file"
        help_ = f"keep what is right of both sides, and delete the lines that begin with {MARKS}"
        raise refusal(file, "GM012", message, span=Span(line, 1, line, 8), help=help_)
    problems = hidden.problems(unix, file)
    if problems:
        raise Refused(problems)
    return written, unix


def _decoded(data: bytes, file: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00\x00" in (data[:4:2], data[1:4:2]):
        raise refusal(file, "GM001", "the file is UTF-16 or UTF-32, not UTF-8", help="save it as UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        span = Span(line, column, line, column + 1)
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise refusal(file, "GM001", message, span=span, help="save the file as UTF-8") from None
