"""How the language says that a value is wrong: errors that pydantic collects, and that `.errors` gives their places.

They are ValueErrors, so that any validator can raise them. A validator does not know where its value stands; what lies
`below` that value, it can say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self, TypeAlias, TypeVar

from graymesh.diagnostic import Note, Pointer
from graymesh.did_you_mean import quoted

K = TypeVar("K", bound=str | int)
T = TypeVar("T")
Raw: TypeAlias = Callable[[], str]
"""The scalar as it stands in the file, quotes included."""


class RawYaml(str):
    """YAML as it is to be written, without quotes around it."""

    __slots__ = ()


class Malformed(ValueError):
    """A value that is not what it should be: a code of the GM1xx band, a message and what to do.

    `mended` is the value that was meant, where that is certain: text, or a number as it is to be written; a `needless`
    entry is mended by taking it out. `below` leads from the value to the part of it that is wrong, or with `at_key` to
    the key of that part; paths of notes start from the value as well.
    """

    def __init__(
        self,
        code: str,
        message: str,
        advice: str = "",
        mended: str | RawYaml = "",
        *,
        below: Pointer = (),
        at_key: bool = False,
        notes: tuple[Note, ...] = (),
        needless: bool = False,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.advice, self.mended = code, message, advice, mended
        self.below, self.at_key, self.notes, self.needless = below, at_key, notes, needless

    @property
    def problems(self) -> tuple[Malformed, ...]:
        """Itself."""
        return (self,)

    def under(self, key: str | int) -> Self:
        """The same problem as the value around it has it."""
        self.below = (key, *self.below)
        return self

    def worded(self, raw: Raw) -> Malformed:
        """The same problem in full words."""
        return self


class Mistyped(Malformed):
    """A value of another type than the wanted one. What is said of it needs the text of the file: 1.10 is not 1.1."""

    def __init__(self, word: Callable[[Raw], Malformed]) -> None:
        super().__init__("GM102", "a value of another type")
        self._word = word

    def worded(self, raw: Raw) -> Malformed:
        """The problem in the words of the file."""
        found = self._word(raw)
        found.below, found.at_key = self.below, self.at_key
        return found


class Several(ValueError):
    """Several problems with parts of one value."""

    def __init__(self, problems: Iterable[Malformed]) -> None:
        super().__init__("several problems")
        self.problems = tuple(problems)


def wrong_type(value: Any, wanted: str, advice: str = "", mended: str = "") -> Mistyped:
    """A value of another type than the wanted one, which is given with its article."""

    def word(raw: Raw) -> Malformed:
        return Malformed("GM102", f"expected {wanted}, found {described(value, raw)}", advice, mended)

    return Mistyped(word)


def no_value(key: object) -> Malformed:
    """A key, or an item of a list, with nothing behind it."""
    return Malformed("GM102", f"{quoted(str(key))} has no value", "give it one or leave the key out")


def described(value: Any, raw: Raw) -> str:
    """A value's type in words, scalars with their text."""
    match value:
        case None:
            return "nothing"
        case bool() | int() | float():
            return f"the {'boolean' if isinstance(value, bool) else 'number'} {raw()[:60]}"
        case str():
            return f"the text {quoted(value)}"
        case Mapping():
            return "a mapping"
    return "a list"


def given(key: object, value: T | None) -> T:
    """The value. Raises Malformed when there is none."""
    if value is None:
        raise no_value(key)
    return value


class Gathering:
    """Collects what is wrong with the parts of one value, so that all of it is told at once."""

    def __init__(self) -> None:
        self._problems: list[Malformed] = []

    @property
    def problems(self) -> list[Malformed]:
        """Those so far."""
        return [*self._problems]

    @contextmanager
    def below(self, key: str | int, *, at_key: bool = False) -> Iterator[None]:
        """Around the reading of one part; with `at_key`, of its key."""
        try:
            yield
        except (Malformed, Several) as wrong:
            for problem in wrong.problems:
                problem.at_key = problem.at_key or at_key
                self._problems.append(problem.under(key))

    def check(self) -> None:
        """Raises Several when anything was wrong."""
        if self._problems:
            raise Several(self._problems)


def each(entries: Iterable[tuple[K, Any]], read: Callable[[Any], T]) -> dict[K, T]:
    """What every entry's value is read as. Raises Several for all that are wrong, or have no value."""
    found: dict[K, T] = {}
    gathering = Gathering()
    for key, value in entries:
        with gathering.below(key):
            found[key] = read(given(key, value))
    gathering.check()
    return found
