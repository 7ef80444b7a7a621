"""Names that parts of a spec give and others refer to: what is given twice, and what is referred to and given nowhere.

Looks at the file's own data along the models' marks (`Gives`, `Refers`, `Reference`), so that what is well-formed is
looked at even where something else is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final, TypeAlias, get_origin

from graymesh.diagnostic import Diagnostic, Note, Pointer
from graymesh.did_you_mean import certain, nearest, quoted, suggestion
from graymesh.language.edits import mending
from graymesh.language.part import Gives, Refers
from graymesh.language.structure import Model, Shape, fields, peeled, shape
from graymesh.language.values import Reference

_UNREADABLE: Final = ("GM102", "GM110", "GM116")
"""What is said of a list or mapping itself: another type, empty, too long."""


class _Names:
    """`given` and `uses` by kind; of an `unknown` kind, names are given that could not be read.

    Of some places something has been said already: they are `wrong`, as path and whether the key is meant. What stands
    in an `unreadable` list or mapping is left alone.
    """

    def __init__(self, said: Sequence[Diagnostic]) -> None:
        self.wrong = {(problem.path, problem.at_key) for problem in said}
        self.unreadable = {problem.path for problem in said if problem.code in _UNREADABLE and not problem.at_key}
        self.given: dict[str, dict[str, Pointer]] = {}
        self.uses: list[tuple[str, str, Pointer, bool]] = []
        self.twice: list[Diagnostic] = []
        self.unknown: set[str] = set()

    def give(self, space: str, name: Any, path: Pointer) -> None:
        """A name; nothing when it is no text."""
        given = self.given.setdefault(space, {})
        if isinstance(name, str) and name in given:
            note = Note(given[name], f"the first {space} of that name")
            message = f"{quoted(name)} is the name of two {space}s"
            more = Diagnostic(code="GM112", message=message, path=path, help="names must differ", notes=(note,))
            self.twice.append(more)
        elif isinstance(name, str):
            given[name] = path

    def use(self, to: str, name: str, path: Pointer, at_key: bool) -> None:
        """A reference, unless something else is wrong with it."""
        if (path, at_key) not in self.wrong:
            self.uses.append((to, name, path, at_key))


Finder: TypeAlias = Callable[[_Names, Any, Pointer], None]
"""Notes down the names in a value, which stands at a path."""


def problems(model: Model, data: Any, said: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """What is wrong with the names of a file, without its place; silent about kinds whose names could not be read."""
    names, find = _Names(said), _of_model(model)
    if find:
        find(names, data, ())
    yield from names.twice
    for space, name, path, at_key in names.uses:
        given = names.given.get(space, {})
        if name in given or space in names.unknown:
            continue
        meant = certain(name, given)
        sound = meant and not {(given[meant], False), (given[meant], True)} & names.wrong
        edits = mending(path, meant, at_key) if meant and sound else ()
        yield Diagnostic(
            code="GM111",
            message=f"there is no {space} {quoted(name)}",
            path=path,
            at_key=at_key,
            help=suggestion(name, given) or f"the spec gives no {space}",
            edits=edits,
        )


@cache
def _of_model(model: Model) -> Finder | None:
    """None when nothing below the model has to do with names."""
    below = {key: finder for key, each in fields(model).items() if (finder := _of_shape(shape(each)))}
    giving = {key: gives.space for key, each in fields(model).items() for gives in _marks(shape(each), Gives)}
    if not below:
        return None

    def find(names: _Names, data: Any, path: Pointer) -> None:
        if not isinstance(data, dict):
            return
        for key, space in giving.items():
            if key not in data and (fields(model)[key].is_required() or _misspelt(key, data, fields(model))):
                names.unknown.add(space)
        for key, finder in below.items():
            if key in data:
                finder(names, data[key], (*path, key))

    return find


def _of_shape(found: Shape) -> Finder | None:
    gives, refers = _marks(found, Gives), _marks(found, (Refers, Reference))
    if gives:
        return _giving(gives[0].space, found)
    if found.model:
        return _of_model(found.model)
    if refers:
        return _referring(refers[0].to, keys=isinstance(refers[0], Refers))
    return _in_items(found)


def _giving(space: str, found: Shape) -> Finder:
    in_items, wanted = _in_items(found), _written_as(found)

    def find(names: _Names, data: Any, path: Pointer) -> None:
        if not isinstance(data, wanted) or path in names.unreadable:
            return names.unknown.add(space)
        if isinstance(data, dict):
            for name in data:
                names.give(space, name, (*path, name))
        else:
            for index, entry in enumerate(data):
                if isinstance(entry, dict):
                    names.give(space, entry.get("name"), (*path, index, "name"))
        return in_items(names, data, path) if in_items else None

    return find


def _referring(to: str, keys: bool) -> Finder:
    """A text, or with `keys` also the keys of a mapping."""

    def find(names: _Names, data: Any, path: Pointer) -> None:
        if isinstance(data, str):
            names.use(to, data, path, False)
        elif keys and isinstance(data, dict):
            for name in data:
                names.use(to, name, (*path, name), True)

    return find


def _in_items(found: Shape) -> Finder | None:
    of_item = _of_shape(peeled(found.item)) if found.item is not None else None
    if of_item is None:
        return None
    wanted = _written_as(found)

    def find(names: _Names, data: Any, path: Pointer) -> None:
        if path in names.unreadable:
            return
        if isinstance(data, wanted):
            for key, entry in data.items() if isinstance(data, dict) else enumerate(data):
                of_item(names, entry, (*path, key))
        elif isinstance(data, str):  # one item without the list around it
            of_item(names, data, path)

    return find


def _written_as(found: Shape) -> type[list[Any]] | type[dict[str, Any]]:
    return list if get_origin(found.type) is tuple else dict


def _marks(found: Shape, kind: Any) -> list[Any]:
    return [mark for mark in found.marks if isinstance(mark, kind)]


def _misspelt(key: str, data: dict[str, Any], known: Any) -> bool:
    """Does the mapping have an unknown key that was meant for this one?"""
    unused = [name for name in known if name not in data]
    return any(nearest(name, unused) == key for name in data if name not in known)
