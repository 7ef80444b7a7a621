"""What pydantic found wrong with a file, as diagnostics: one for each mistake, in the file's words, at its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from graymesh.diagnostic import Diagnostic, Edit, Pointer
from graymesh.did_you_mean import certain, listed, nearest, quoted, suggestion
from graymesh.language import names
from graymesh.language.edits import mending
from graymesh.language.problems import Malformed, no_value, wrong_type
from graymesh.language.structure import Model, at, fields

MOST_ADVISED: Final = 1_000
"""Unknown keys of a file that come with advice; nobody reads more, and looking for near words takes its time."""

_AT_KEY = "[key]"
"""pydantic's last step to the key of a mapping's entry."""


class Document(Protocol):
    """What is needed of a source: its data, the raw text of a scalar, and positions."""

    @property
    def data(self) -> Any:
        """The document: dicts, lists, strings, ints, floats, booleans and None."""
        ...

    def raw(self, path: Pointer) -> str:
        """The scalar at the path as it stands in the file."""
        ...

    def place(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with its position."""
        ...


def in_order(document: Document, problems: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The problems with their places, in the file's order."""
    return sorted(map(document.place, problems), key=lambda problem: (problem.span, problem.code))


def everything_wrong(model: Model, document: Document, error: ValidationError | None) -> list[Diagnostic]:
    """What is wrong with the shape of a document, and with the names in all of it that has the right shape."""
    shape = list(_of_shape(model, document, error.errors(include_url=False))) if error else []
    return [*shape, *names.problems(model, document.data, shape)]


def diagnostic(path: Pointer, problem: Malformed, at_key: bool = False) -> Diagnostic:
    """A problem with what stands at a path."""
    whole = (*path, *problem.below)
    at_key = at_key or problem.at_key
    edits = (Edit(whole, "entry"),) if problem.needless else mending(whole, problem.mended, at_key)
    return Diagnostic(
        code=problem.code,
        message=problem.message,
        path=whole,
        at_key=at_key,
        help=problem.advice,
        notes=tuple(type(note)((*path, *note.path), note.message) for note in problem.notes),
        edits=edits,
    )


def _of_shape(model: Model, document: Document, errors: Sequence[ErrorDetails]) -> Iterator[Diagnostic]:
    told = 0
    for parent, unknown in _keys_by_parent(errors).items():
        path, _ = _resolved(parent, document.data)
        record = at(model, path).model
        if record:
            advised = max(MOST_ADVISED - told, 0)
            yield from _of_keys(path, fields(record), _value(document.data, path), unknown, advised)
            told += len(unknown)
    for each in errors:
        if each["type"] not in ("extra_forbidden", "missing"):
            path, at_key = _resolved(each["loc"], document.data)
            for problem in _worded(model, path, each):
                below = (*path, *problem.below)
                yield diagnostic(path, problem.worded(partial(document.raw, below)), at_key)


def _keys_by_parent(errors: Sequence[ErrorDetails]) -> Mapping[Pointer, Sequence[str]]:
    """Where keys are unknown or missing, in the order of the errors, and the unknown ones."""
    found: dict[Pointer, list[str]] = {}
    for each in sorted(errors, key=lambda each: each["type"] != "extra_forbidden"):
        if each["type"] in ("extra_forbidden", "missing"):
            unknown = found.setdefault(each["loc"][:-1], [])
            unknown += [str(each["loc"][-1])] if each["type"] == "extra_forbidden" else []
    return found


def _of_keys(
    path: Pointer, known: Mapping[str, FieldInfo], written: Mapping[str, Any], unknown: Sequence[str], advised: int
) -> Iterator[Diagnostic]:
    """Unknown keys, and missing ones that no unknown key was meant for; the first `advised` ones come with advice."""
    unused = [name for name in known if name not in written]
    meant = set()
    for name in unknown[advised:]:
        yield diagnostic(path, Malformed("GM101", f"{quoted(name)} is not a key here", below=(name,), at_key=True))
    for name in unknown[:advised]:
        meant.add(nearest(name, unused))
        message, sure = f"{quoted(name)} is not a key here", certain(name, unused) or ""
        problem = Malformed("GM101", message, suggestion(name, unused), sure, below=(name,), at_key=True)
        yield diagnostic(path, problem)
    for name in unused:
        if known[name].is_required() and name not in meant:
            yield diagnostic(path, Malformed("GM103", f"{quoted(name)} is missing", _how(known[name])))


def _worded(model: Model, path: Pointer, error: ErrorDetails) -> Sequence[Malformed]:
    """The problems that one error of pydantic tells of."""
    value = error["input"]
    if value is None:
        return (no_value(path[-1] if path else ""),)
    match error["type"]:
        case "value_error":
            return error["ctx"]["error"].problems  # type: ignore[no-any-return]
        case "literal_error":
            return (_no_such_word(value, get_args(at(model, path).type)),)
        case "tuple_type":
            return (wrong_type(value, "a list", "put '-' before each entry" if isinstance(value, dict) else ""),)
        case "dict_type":
            return (wrong_type(value, "a mapping"),)
        case "model_type":
            record = at(model, path).model or model
            return (wrong_type(value, "a mapping", f"with keys like {quoted(next(iter(fields(record))))}"),)
    return (Malformed("GM102", error["msg"]),)


def _no_such_word(value: Any, words: Sequence[str]) -> Malformed:
    if type(value) is not str:
        return wrong_type(value, "one of " + listed(words))
    return Malformed(
        "GM104", f"{quoted(value)} is not allowed here", suggestion(value, words), certain(value, words) or ""
    )


def _resolved(loc: Pointer, data: Any) -> tuple[Pointer, bool]:
    """The path of pydantic's location in the data, and whether it means the key.

    Steps that are not in the data are pydantic's own, like the index of an item that stands without its list.
    """
    path: list[str | int] = []
    for step in loc:
        inside = step in data if isinstance(data, dict) else isinstance(data, list) and step in range(len(data))
        if inside:
            data = data[step]
            path.append(step)
    return tuple(path), len(path) < len(loc) and loc[-1] == _AT_KEY


def _value(data: Any, path: Pointer) -> Any:
    for step in path:
        data = data[step]
    return data


def _how(field: FieldInfo) -> str:
    first_sentence = (field.description or "").partition(". ")[0].rstrip(".")
    example = (field.examples or [None])[0]
    like = f", like {example}" if isinstance(example, (str, int)) else ""
    return first_sentence[:1].lower() + first_sentence[1:] + like
