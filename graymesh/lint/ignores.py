"""Findings that the file itself asks to leave out: `# graymesh: ignore[GM203] -- the audience comes next week`.

Behind a value the comment is about what begins on its line; on a line of its own, about the key with all below it, or
the item, that comes next. What stands in the way of proven output cannot be left out: see `refusal`.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from graymesh.diagnostic import Diagnostic, Edit, Span

if TYPE_CHECKING:
    from graymesh.diagnostic import Pointer
    from graymesh.lint.finding import Rule
    from graymesh.source import Source
    from graymesh.source.comments import Bound

MARKER: Final = "graymesh:"
NOT_UNDERSTOOD, UNUSED, NOT_POSSIBLE = "GM030", "GM031", "GM032"
_DIRECTIVE: Final = re.compile(r"#\s*graymesh:\s*(?P<word>[A-Za-z_-]+)\s*(?P<rest>.*)")
_ARGUMENTS: Final = re.compile(r"\[(?P<codes>[^\]]*)\]\s*(?:--\s*(?P<reason>.*))?")
_MOST_CODES: Final = 50
"""Of one comment; there are not many more that can be left out."""

_MOST_ADVISED: Final = 1_000
"""Comments of a file that come with advice; looking for the codes that may be meant takes its time."""

_FORM: Final = "write # graymesh: ignore[CODE] -- and why that is all right"


@dataclass(frozen=True, slots=True)
class Ignore:
    """A comment that says which codes to leave out where; `used` collects those that it has left out."""

    span: Span
    codes: tuple[str, ...]
    reason: str
    bound: Bound
    used: set[str] = field(default_factory=set)


def heeded(
    source: Source, found: Sequence[Diagnostic], rules: Mapping[str, Rule], ran: Container[str]
) -> list[Diagnostic]:
    """The findings of one file without those it leaves out, and with what is wrong with its comments about that.

    `ran` are the codes of the rules that looked at the whole of the file: of others, no comment can be called unused.
    """
    ignores, problems = _read(source)
    takers = _Takers(ignores)
    kept = [each for each in found if not takers.take(each, rules)]
    for ignore in ignores:
        for code in ignore.codes:
            if _idle(ignore, code, rules, ran):
                problems.append(_about(source, ignore, code, rules, advised=len(problems) < _MOST_ADVISED))
    return [*kept, *(replace(problem, level=rules[problem.code].level) for problem in problems)]


def refusal(rule: Rule) -> str:
    """Why errors of this rule cannot be left out; empty when they can. Warnings can, except for GM0xx and GM9xx."""
    if rule.code.startswith("GM0"):
        return "it is about the file itself"
    if rule.code.startswith("GM9"):
        return "nothing is written, or called up to date, without proof"
    if rule.level != "error" or rule.ignorable:
        return ""
    return "a release gives it up by accept" if rule.code.startswith("GM3") else "what is compiled would not be sound"


class _Takers:
    """The ignores by the places they are about and their codes, so that each finding meets only its own."""

    def __init__(self, ignores: Sequence[Ignore]) -> None:
        self._order = {id(ignore): number for number, ignore in enumerate(ignores)}
        self._subtrees: dict[Pointer, dict[str, Ignore]] = {}
        self._nodes: dict[Pointer, dict[str, Ignore]] = {}
        first: dict[int, dict[str, Ignore]] = {}
        for ignore in ignores:
            bound = ignore.bound  # one value for all comments about the same line
            if id(bound) not in first:
                first[id(bound)] = {}
                self._subtrees.update(dict.fromkeys(bound.subtrees, first[id(bound)]))
                self._nodes.update(dict.fromkeys(bound.nodes, first[id(bound)]))
            for code in ignore.codes:
                first[id(bound)].setdefault(code, ignore)

    def take(self, found: Diagnostic, rules: Mapping[str, Rule]) -> bool:
        """Does a comment leave this finding out? The first one that does notes it down."""
        if refusal(rules[found.code]) and (found.level == "error" or found.code.startswith(("GM0", "GM9"))):
            return False
        asked = [self._subtrees.get(found.path[:steps]) for steps in range(len(found.path) + 1)]
        ignores = [each[found.code] for each in (*asked, self._nodes.get(found.path)) if each and found.code in each]
        if not ignores:
            return False
        min(ignores, key=lambda ignore: self._order[id(ignore)]).used.add(found.code)
        return True


def _read(source: Source) -> tuple[list[Ignore], list[Diagnostic]]:
    ignores, problems = [], []
    for span, text in source.comments(MARKER):
        match = _DIRECTIVE.search(text)
        if match is None:
            continue
        at = replace(span, column=span.column + match.start())
        ignore = _ignore(source, span, at, match)
        if ignore:
            ignores.append(ignore)
        else:
            problems.append(_not_understood(source, at, match))
    return ignores, problems


def _ignore(source: Source, comment: Span, span: Span, match: re.Match[str]) -> Ignore | None:
    """What a comment asks for, of which the part at `span` is the one for graymesh."""
    arguments = _ARGUMENTS.fullmatch(match["rest"])
    if match["word"] != "ignore" or not arguments or not (arguments["reason"] or "").strip():
        return None
    words = (code.strip() for code in arguments["codes"].split(","))
    codes = tuple(dict.fromkeys(word.upper() if word[:2].lower() == "gm" else word for word in words if word))
    if not 0 < len(codes) <= _MOST_CODES:
        return None
    return Ignore(span, codes, arguments["reason"].strip(), source.bound(comment))


def _not_understood(source: Source, span: Span, match: re.Match[str]) -> Diagnostic:
    arguments = _ARGUMENTS.fullmatch(match["rest"])
    if match["word"] != "ignore":
        message = f"graymesh has no comment {match['word']!r}, so this one does nothing"
    elif arguments and arguments["codes"].count(",") >= _MOST_CODES:
        message = f"this ignore names more than {_MOST_CODES} codes, so it leaves nothing out"
    elif arguments and arguments["codes"].strip():
        message = "this ignore gives no reason, so it leaves nothing out"
    else:
        message = "this ignore is not understood, so it leaves nothing out"
    return Diagnostic(code=NOT_UNDERSTOOD, message=message, help=_FORM, file=source.file, span=span)


def _idle(ignore: Ignore, code: str, rules: Mapping[str, Rule], ran: Container[str]) -> bool:
    if code in ignore.used:
        return False
    return code not in rules or bool(refusal(rules[code])) or code in ran


def _about(source: Source, ignore: Ignore, code: str, rules: Mapping[str, Rule], advised: bool) -> Diagnostic:
    """What is wrong with one code of an ignore that has left nothing out by it."""
    from graymesh.did_you_mean import quoted

    path = next(iter(ignore.bound.subtrees), ())
    about = Diagnostic(code=NOT_POSSIBLE, message="", path=path, file=source.file, span=ignore.span)
    if code not in rules:
        message = f"there is no code {quoted(code)}"
        return _unknown(source, ignore, code, rules, about) if advised else replace(about, message=message)
    if refusal(rules[code]):
        return replace(about, message=f"{code} cannot be ignored: {refusal(rules[code])}", help="fix what it reports")
    what = "there is nothing after it" if not ignore.bound.subtrees else f"{code} finds nothing here"
    edit = _without(source, ignore, code)
    help_ = "remove it; it would hide the next finding of that kind silently"
    return replace(about, code=UNUSED, message=f"this ignore is not needed: {what}", help=help_, edits=(edit,))


def _unknown(source: Source, ignore: Ignore, code: str, rules: Mapping[str, Rule], about: Diagnostic) -> Diagnostic:
    from graymesh.did_you_mean import quoted, suggestion

    named = next((rule.code for rule in rules.values() if code.lower().replace("_", "-") in _names(rule)), None)
    edits = (_without(source, ignore, code, named),) if named else ()
    help_ = f"did you mean {named!r}?" if named else suggestion(code, rules)
    return replace(about, message=f"there is no code {quoted(code)}", help=help_, edits=edits)


def _names(rule: Rule) -> Iterator[str]:
    """What people write for a code: its rule's name, with and without the code."""
    yield rule.name
    yield f"{rule.code.lower()}-{rule.name}"


def _without(source: Source, ignore: Ignore, code: str, instead: str | None = None) -> Edit:
    """Takes one code out of the comment, or puts another in its place; the last one takes the comment along."""
    codes = dict.fromkeys(instead or "" if each == code else each for each in ignore.codes)
    left = ", ".join(filter(None, codes))
    if left:
        return Edit(text=f"# graymesh: ignore[{left}] -- {ignore.reason}", span=ignore.span)
    line = source.line(ignore.span.line)
    before = line[: ignore.span.column - 1].rstrip(" \t")
    if before:
        return Edit(span=replace(ignore.span, column=len(before) + 1))
    return Edit(span=Span(ignore.span.line, 1, ignore.span.line + 1, 1))
