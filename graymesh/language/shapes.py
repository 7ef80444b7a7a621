"""Shapes: what may stand at a place of a spec. A shape reads a value as written and says its JSON Schema.

`read` returns the value in the language's units or raises `Malformed`; whoever holds the value reports that at its
place and goes on, so that all mistakes are told at once.

Why not pydantic: importing it and building the models takes more CPU than linting a file may cost altogether.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sized
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from graymesh.diagnostic import Diagnostic, Edit, Note, Pointer
from graymesh.did_you_mean import certain, listed, quoted, suggestion
from graymesh.language.scalars import LONGEST, Malformed, Written

T = TypeVar("T")
K = TypeVar("K")
T_co = TypeVar("T_co", covariant=True)
Schema: TypeAlias = dict[str, Any]


class Document(Protocol):
    """What a reading needs of a source: its data, the raw text of a scalar, and positions."""

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


class Reading:
    """One reading of one document: what is wrong, which names are given (by kind) and where they are used."""

    __slots__ = ("document", "names", "problems", "unreadable", "uses")

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Diagnostic] = []
        self.names: dict[str, dict[str, Place]] = {}
        self.uses: list[tuple[str, str, Place]] = []
        self.unreadable: set[str] = set()


class Place:
    """Where a reading stands: the keys from the root, kept as a chain so that only a problem pays for the path."""

    __slots__ = ("at_key", "key", "parent", "reading")

    def __init__(
        self, reading: Reading, parent: Place | None = None, key: str | int = "", at_key: bool = False
    ) -> None:
        self.reading, self.parent, self.key, self.at_key = reading, parent, key, at_key

    def below(self, key: str | int, at_key: bool = False) -> Place:
        """The place of a key's value, or with `at_key` of the key itself."""
        return Place(self.reading, self, key, at_key)

    @property
    def path(self) -> Pointer:
        """Keys and indexes from the root."""
        return () if self.parent is None else (*self.parent.path, self.key)

    def raw(self) -> str:
        """The scalar here as it stands in the file."""
        return self.reading.document.raw(self.path)

    def report(
        self,
        code: str,
        message: str,
        advice: str = "",
        notes: tuple[Note, ...] = (),
        mended: str = "",
        needless: bool = False,
    ) -> None:
        """Notes down what is wrong here. `mended` is what was meant, in case of a `needless` entry nothing at all."""
        problem = Diagnostic(
            code=code,
            message=message,
            path=self.path,
            at_key=self.at_key,
            help=advice,
            notes=notes,
            edits=self.edits(mended, needless),
        )
        self.reading.problems.append(problem)

    def edits(self, mended: str, needless: bool = False) -> tuple[Edit, ...]:
        """What puts the mended text here, or takes the needless entry out."""
        if needless:
            return (Edit(self.path, "entry"),)
        if not mended:
            return ()
        from graymesh.text import yaml_scalar

        text = mended if isinstance(mended, Written) else yaml_scalar(mended)
        return (Edit(self.path, "key" if self.at_key else "value", str(text)),)


class Shape(Protocol[T_co]):
    """What may stand at a place. `space` is the kind of names that its entries give, if they give any."""

    space: str

    def read(self, value: Any, place: Place) -> T_co:
        """The value's meaning. Raises Malformed for what is wrong here, `Reported` for what is wrong further down."""
        ...

    def schema(self) -> Schema:
        """The JSON Schema of what may be written."""
        ...


class Reported(Exception):
    """There is no value, and it has been said why."""


def wrong_type(value: Any, wanted: str, place: Place, advice: str = "", mended: str = "") -> Malformed:
    """A value of another type than the wanted one, which is given with its article."""
    return Malformed("GM102", f"{described(value, place)} stands where {wanted} belongs", advice, mended)


def described(value: Any, place: Place) -> str:
    """A value's type in words, scalars with their text."""
    match value:
        case None:
            return "nothing"
        case bool() | int() | float():
            return f"the {'boolean' if isinstance(value, bool) else 'number'} {place.raw()[:60]}"
        case str():
            return f"the text {quoted(value)}"
        case Mapping():
            return "a mapping"
    return "a list"


class Text(Generic[T]):
    """Text that `parse` understands. `unquoted` is said of a number or boolean that only lacks its quotes."""

    space = ""

    def __init__(
        self, what: str, parse: Callable[[str], T], pattern: str = "", *, longest: int = LONGEST, unit: str = ""
    ) -> None:
        self.what, self.parse, self.pattern, self.longest, self.unit = what, parse, pattern, longest, unit

    def read(self, value: Any, place: Place) -> T:
        """The parsed text."""
        if type(value) is not str:
            raise self._no_text(value, place)
        if len(value) > self.longest:
            message = f"{self.what} of {len(value)} characters is too long"
            raise Malformed("GM116", message, f"at most {self.longest} characters")
        return self.parse(value)

    def schema(self) -> Schema:
        """A string of the pattern."""
        limits: Schema = {"maxLength": self.longest}
        return {"type": "string", **({"pattern": f"^(?:{self.pattern})$"} if self.pattern else {}), **limits}

    def _no_text(self, value: Any, place: Place) -> Malformed:
        if not isinstance(value, (bool, int, float)):
            return wrong_type(value, self.what, place)
        raw = place.raw()[:60]
        if self.unit and not isinstance(value, bool):
            advice = f"write {raw}{self.unit}" if raw.replace(".", "", 1).isdecimal() else ""
            return Malformed("GM106", f"{raw} is a bare number, not {self.what}", advice)
        message = f"{described(value, place)} stands where {self.what} belongs, which is text"
        return Malformed("GM107", message, f'quote it: "{raw}"', self._readable(place.raw()))

    def _readable(self, raw: str) -> str:
        """The text as it stands, when it would do in quotes."""
        try:
            self.parse(raw)
        except Malformed:
            return ""
        return raw if len(raw) <= self.longest else ""


class Word:
    """One of a few words."""

    space = ""

    def __init__(self, *words: str) -> None:
        self.words = words

    def read(self, value: Any, place: Place) -> str:
        """The word."""
        if type(value) is not str:
            raise wrong_type(value, "one of " + listed(self.words), place)
        if value not in self.words:
            advice, mended = suggestion(value, self.words), certain(value, self.words) or ""
            raise Malformed("GM104", f"{quoted(value)} is not allowed here", advice, mended)
        return value

    def schema(self) -> Schema:
        """An enumeration."""
        return {"enum": list(self.words)}


class Reference:
    """The name of something that is given elsewhere in the spec; resolved when all names are known."""

    space = ""

    def __init__(self, to: str) -> None:
        self.to = to

    def read(self, value: Any, place: Place) -> str:
        """The name."""
        if type(value) is str:
            place.reading.uses.append((self.to, value, place))
            return value
        wanted = f"the name of {'an' if self.to[0] in 'aeiou' else 'a'} {self.to}"
        if not isinstance(value, (int, float)):
            raise wrong_type(value, wanted, place)
        message = f"{described(value, place)} stands where {wanted} belongs"
        raise Malformed("GM107", message, f'quote it: "{place.raw()[:60]}"', place.raw())

    def schema(self) -> Schema:
        """Any name; which ones there are is beyond JSON Schema."""
        return {"type": "string", "maxLength": 63}


class ListOf(Generic[T]):
    """A list. `single` also takes one item without the list; `unique` refuses a repeated item."""

    def __init__(
        self, item: Shape[T], *, least: int = 0, most: int, single: bool = False, unique: bool = False, space: str = ""
    ) -> None:
        self.item, self.least, self.most, self.single = item, least, most, single
        self.unique, self.space = unique, space

    def read(self, value: Any, place: Place) -> tuple[T, ...]:
        """The items that could be read, in order."""
        place.reading.unreadable.add(self.space)
        if type(value) is not list:
            if self.single and not isinstance(value, dict):
                return (self.item.read(value, place),)
            raise wrong_type(value, "a list", place, "put '-' before each entry" if isinstance(value, dict) else "")
        check_size(value, self.least, self.most, "list")
        place.reading.unreadable.discard(self.space)
        found: dict[int, T] = {}
        for index, entry in enumerate(value):
            below = place.below(index)
            read_into(found, index, self.item, entry, below)
            if self.space and isinstance(entry, dict):
                _give(self.space, entry.get("name"), below.below("name"))
        if self.unique:
            _refuse_repeated(found, place)
        return tuple(found.values())

    def schema(self) -> Schema:
        """An array, or one item."""
        items = self.item.schema()
        array: Schema = {"type": "array", "items": items, "maxItems": self.most}
        if self.least:
            array["minItems"] = self.least
        return {"anyOf": [items, array]} if self.single else array


class MapOf(Generic[T]):
    """A mapping from names to values. `empty` stands for a name without a value (`v1:`)."""

    def __init__(
        self,
        keys: Text[str],
        value: Shape[T],
        *,
        least: int = 0,
        most: int,
        space: str = "",
        empty: Any = None,
        refers: str = "",
    ) -> None:
        self.keys, self.value, self.least, self.most = keys, value, least, most
        self.space, self.empty, self.refers = space, empty, refers

    def read(self, value: Any, place: Place) -> Mapping[str, T]:
        """The entries that could be read, in the file's order."""
        place.reading.unreadable.add(self.space)
        if not isinstance(value, dict):
            raise wrong_type(value, "a mapping", place)
        check_size(value, self.least, self.most, "mapping")
        place.reading.unreadable.discard(self.space)
        found: dict[str, T] = {}
        for key, entry in value.items():
            self._read_entry(key, self.empty if entry is None else entry, place, found)
        return found

    def schema(self) -> Schema:
        """An object of any such names."""
        entry = self.value.schema()
        limits: Schema = {"maxProperties": self.most, **({"minProperties": self.least} if self.least else {})}
        about = {key: entry[key] for key in ("description",) if key in entry}
        values = entry if self.empty is None else {**about, "anyOf": [entry, {"type": "null"}]}
        return {"type": "object", "propertyNames": self.keys.schema(), "additionalProperties": values, **limits}

    def _read_entry(self, key: Any, entry: Any, place: Place, found: dict[str, T]) -> None:
        at_key, names = place.below(key, at_key=True), dict[str, str]()
        read_into(names, "name", self.keys, key, at_key)
        if self.space:
            _give(self.space, key, at_key)
        if not names:
            return read_into({}, "", self.value, entry, place.below(key))
        name = names["name"]
        if self.refers:
            place.reading.uses.append((self.refers, name, at_key))
        if name in found:
            at_key.report("GM112", f"{quoted(key)} is given twice", "names of headers are the same in any case")
        return read_into(found, name, self.value, entry, place.below(key))


def read_into(found: dict[K, T], key: K, shape: Shape[T], value: Any, place: Place) -> None:
    """Reads a value, which must not be empty, and keeps it under the key; or reports what is wrong with it."""
    try:
        if value is None:
            raise Malformed("GM102", f"{quoted(str(place.key))} has no value", "give it one or leave the key out")
        found[key] = shape.read(value, place)
    except Malformed as problem:
        place.report(problem.code, problem.message, problem.advice, mended=problem.mended)
    except Reported:
        pass


def check_size(value: Sized, least: int, most: int, what: str) -> None:
    """Raises Malformed for a list or mapping with too few or too many entries."""
    if len(value) > most:
        raise Malformed("GM116", f"{len(value)} entries are too many", f"at most {most}")
    if len(value) < least:
        raise Malformed("GM110", f"the {what} is empty")


def unresolved(reading: Reading) -> Iterator[Diagnostic]:
    """Names that are used and given nowhere; silent about kinds whose givers could not be read."""
    wrong = {problem.path for problem in reading.problems}
    for space, name, place in reading.uses:
        given = reading.names.get(space, {})
        if name in given or space in reading.unreadable:
            continue
        advice = suggestion(name, given) or f"the spec gives no {space}"
        message = f"there is no {space} {quoted(name)}"
        meant = certain(name, given)
        edits = place.edits(meant) if meant and given[meant].path not in wrong else ()
        path = place.path
        yield Diagnostic(code="GM111", message=message, path=path, at_key=place.at_key, help=advice, edits=edits)


def _give(space: str, name: Any, place: Place) -> None:
    given = place.reading.names.setdefault(space, {})
    if not isinstance(name, str):
        return
    if name in given:
        note = Note(given[name].path, f"the first {space} of that name")
        place.report("GM112", f"{quoted(name)} is the name of two {space}s", "names must differ", (note,))
    given.setdefault(name, place)


def _refuse_repeated(found: Mapping[int, Any], place: Place) -> None:
    first: dict[Any, int] = {}
    for index, item in found.items():
        if item in first:
            note = Note(place.below(first[item]).path, "the first time")
            message = f"{quoted(str(item))} stands in the list twice"
            place.below(index).report("GM112", message, "", (note,), needless=True)
        first.setdefault(item, index)
