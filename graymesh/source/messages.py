"""What the YAML parser complains about, in words that help the author of the file."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from graymesh.diagnostic import Refused, Span
from graymesh.source.refusal import refusal


class _Advice(NamedTuple):
    """`message` may ask for the character or escape at the place. `at_context`: point at where the trouble began."""

    message: str
    help: str
    at_context: bool = False
    note: str = ""


_TAB: Final = _Advice("a tab where YAML allows only spaces", "indent with spaces")
_MALFORMED_TAG: Final = _Advice("a malformed tag", "remove it, or put a text that starts with `!` in quotes")
_QUOTE: Final = "put the value in quotes"
_ADVICE: Final[tuple[tuple[str, _Advice], ...]] = (
    ("cannot start any token", _Advice("{char} cannot start a value that has no quotes", _QUOTE)),
    ("tab character", _TAB),
    (
        "find expected ':'",
        _Advice("a key without `:`", "write `key: value`; text over several lines needs quotes", True),
    ),
    (
        "unexpected end of stream",
        _Advice("this quote is never closed", "close it, on the same line if possible", True),
    ),
    ("unexpected document", _Advice("this quote is not closed within its document", "close it", True)),
    (
        "unknown escape",
        _Advice("unknown escape {escape} in double quotes", "write `\\\\` for a backslash, or use single quotes"),
    ),
    (
        "Unicode character escape",
        _Advice(
            "half of a surrogate pair is not a character", 'write the character itself, or all of it: "\\U0001F600"'
        ),
    ),
    ("hex", _Advice("an escape with too few hexadecimal digits", 'write "\\x41", "\\u0041" or "\\U00000041"')),
    (
        "alphabetic or numeric",
        _Advice("{char} starts an alias or an anchor, and no name follows", _QUOTE + ', as in "*.example.com"', True),
    ),
    (
        "sequence entries are not allowed",
        _Advice("a list cannot start here", "put `- ` on a new line below the key, or put the value in quotes"),
    ),
    ("mapping keys are not allowed", _Advice("`? ` is not allowed here", _QUOTE)),
    (
        "node content",
        _Advice("a value is missing before {char}", "write the value, or quote it if it starts with this character"),
    ),
    ("comment or line break", _Advice("only a comment may follow `|` or `>` on the line", _QUOTE)),
    ("chomping", _Advice("only a comment may follow `|` or `>` on the line", _QUOTE)),
    (
        "<document start>",
        _Advice("this is outside the document", "check the indentation: keys of one mapping start in one column"),
    ),
    ("expected tag", _MALFORMED_TAG),
    ("expected '>'", _MALFORMED_TAG),
    ("expected URI", _MALFORMED_TAG),
    ("the expected '>'", _MALFORMED_TAG),
    ("directive", _Advice("a directive that graymesh does not know", "remove the line that starts with `%`")),
    ("incompatible YAML", _Advice("graymesh reads YAML 1.2", "remove the line that starts with `%`")),
)
_SECOND_COLON: Final = _Advice("a second `: ` in one line", "put the value that contains it in quotes")
_NO_PARENT: Final = _Advice(
    "a key is not allowed here", "check this line's indentation; the line before must be a whole `key: value` or `key:`"
)
_IN_MAPPING: Final = _Advice(
    "this does not fit into the mapping",
    "keys of one mapping start in one column; nothing may follow a quoted value",
    note="the mapping begins here",
)
_IN_LIST: Final = _Advice(
    "this does not fit into the list", "items of one list start with `- ` in one column", note="the list begins here"
)
_UNCLOSED: Final = _Advice("{char} is never closed", "close it, or put the value in quotes", True)
_ENDS_IN_BRACKETS: Final = _Advice("the text ends within brackets", "close them, or put the value in quotes")
_NO_COMMA: Final = _Advice(
    "a comma or the closing bracket is missing before this",
    "write `, ` between entries; quote values",
    note="it is opened here",
)


def refused(error: Any, text: str, file: str) -> Refused:
    """GM002 for an error of PyYAML, at its place in the text."""
    problem, context = getattr(error, "problem", None) or str(error), getattr(error, "context", None) or ""
    there = _index(getattr(error, "problem_mark", None), text)
    mark = getattr(error, "context_mark", None)
    begun = there if mark is None else _index(mark, text)
    advice = _advice(problem, context, text, there)
    index = begun if advice.at_context else there
    note = (_span(begun, text), advice.note) if advice.note and begun != there else None
    return refusal(
        file, "GM002", _filled(advice.message, text, index), span=_span(index, text), help=advice.help, note=note
    )


def _advice(problem: str, context: str, text: str, index: int) -> _Advice:
    char = text[index : index + 1]
    if char == "\t":
        return _TAB
    if "values are not allowed" in problem:
        return _SECOND_COLON if ": " in text[text.rfind("\n", 0, index) + 1 : index] else _NO_PARENT
    if problem.startswith(("did not find expected ','", "expected ',' or")):
        return _NO_COMMA if char.strip() else _UNCLOSED
    if "node content" in problem and not char.strip():
        return _ENDS_IN_BRACKETS
    for part, advice in _ADVICE:
        if part in problem:
            return advice
    if "block mapping" in context:
        return _IN_MAPPING
    return _IN_LIST if "block collection" in context or "block sequence" in context else _Advice(problem, "")


def _filled(message: str, text: str, index: int) -> str:
    escape = text[index : index + 2] if text[index : index + 1] == "\\" else text[index - 1 : index + 1]
    char = text[index : index + 1]
    shown = "a backtick" if char == "`" else f"`{char}`" if char.strip() else "the end of the line"
    # not `format`: where there is no advice, the message is the parser's own, which may quote a brace
    return message.replace("{char}", shown).replace("{escape}", f"`{escape}`")


def _index(mark: Any, text: str) -> int:
    """Where a mark stands in the text; behind the last character when only blanks follow."""
    index = len(text) if mark is None else min(mark.index, len(text))
    return index if text[index:].strip() else len(text.rstrip())


def _span(index: int, text: str) -> Span:
    line = text.count("\n", 0, index) + 1
    column = index - text.rfind("\n", 0, index)
    return Span(line, column, line, column + 1)
