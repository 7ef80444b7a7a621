"""One release's decision: what is asked about a request, audience by audience, and the ordered map that decides.

    map " testers=$shop_testers mobile=$shop__mobile_path$shop__mobile_method" $shop_version {
        default       $shop_drawn;
        "~ testers=1" v2;
        "~ mobile=11" v2;
    }

Each condition is one word of the text with a digit for each of its tests, so no two lines can be confused, and a new
line changes no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from graymesh.ir.naming import limited
from graymesh.ir.release import Conjunction, Kind, Release, Route, RouteTable, Test
from graymesh.kit.comments import condition_in_words
from graymesh.targets.nginx import draw
from graymesh.targets.nginx.conditions import COOKIES, LONGEST_KEY, always, answered, never
from graymesh.targets.nginx.names import Names, word
from graymesh.targets.nginx.quoting import Part, Variable
from graymesh.targets.nginx.tree import Directive, Item, MapRegex, Remark, mapped, remarks

ROLES: Final = draw.ROLES | {"version", "chosen", "ticket", "cookies"}
"""What the variables of a decision are called."""

_LONGEST_TEXT: Final = 3000
"""Characters of a map's text, since nginx takes tokens of 4,096 bytes; further lines go on in a map of their own."""


class DecisionMap(NamedTuple):
    """The blocks of a decision, and what it gives: the version, and what goes with a ticket, None where none is."""

    items: tuple[Item, ...]
    version: Part
    ticket: draw.Ticket | None


class _Line(NamedTuple):
    """One line of the ordered map: its word, what holds its answers, and the version that it stands for."""

    word: str
    answers: tuple[Variable, ...]
    version: Part
    remark: str


def decided(table: RouteTable, release: Release, names: Names, trusted: tuple[str, ...]) -> DecisionMap:
    """The decision for a table. Raises ValueError when no route takes everybody who is left."""
    asking = _Asking(release, names, trusted)
    drawing = draw.Drawing(names)
    for route in table.routes:
        drawn = drawing.draw(route)
        if any(all(map(always, tests)) for tests in route.condition):
            return asking.decision(drawn, route.name)
        asking.ask(route, drawn)
    raise ValueError("no route takes everybody who is left")


class _Asking:
    """What has been asked of a request so far; lines and blocks are in order."""

    def __init__(self, release: Release, names: Names, trusted: tuple[str, ...]) -> None:
        self._audiences, self._names, self._trusted = release.audiences, names, trusted
        self._lines: dict[tuple[Variable, ...], _Line] = {}
        self._items: list[Item] = []
        self._known: dict[tuple[str, Test], Variable] = {}
        self._drawn: dict[str, draw.Draw] = {}

    def ask(self, route: Route, drawn: draw.Draw) -> None:
        """Adds the conditions of a route."""
        for label, conjunctions in self._by_audience(route).items():
            blocks: list[Item] = []
            for number, tests in enumerate(conjunctions, 1):
                several = len(conjunctions) > 1
                answers = tuple(self._answers(label, tests, several, blocks))
                name = f"{label}-{number}" if several and len(tests) > 1 else label
                name = _role(label, tests[0]) if several and len(tests) == 1 else name
                remark = route.name if label != route.name else ""
                version = _drawn_by(route) if drawn.ticket else drawn.version
                self._lines.setdefault(answers, _Line(self._word(name), answers, version, remark))
            if blocks:
                self._items += [Remark(), *remarks(f"{label}: {condition_in_words(tuple(conjunctions))}."), *blocks]
        self._items += drawn.items
        if drawn.ticket:
            self._drawn[_drawn_by(route)] = drawn

    def decision(self, drawn: draw.Draw, route: str) -> DecisionMap:
        """The decision when everybody who is left is drawn."""
        items = [*self._items, *drawn.items]
        if not self._lines:
            return DecisionMap(tuple(items), drawn.version, drawn.ticket)
        items += [Remark(), Remark("The first line that matches decides.")]
        ticket = drawn.ticket or next((each.ticket for each in self._drawn.values()), None)
        if ticket is None:
            version, maps = self._ordered("version", drawn.version, route)
            return DecisionMap((*items, *maps), version, None)
        here = {"": drawn} if drawn.ticket else {}
        chosen, maps = self._ordered("chosen", "" if drawn.ticket else drawn.version, route)
        draws = {**here, **self._drawn}
        version, given, cookies = (self._names.own(role) for role in ("version", "ticket", "cookies"))
        maps += [
            mapped((chosen,), version, (chosen,), [(word, (each.version,)) for word, each in draws.items()]),
            mapped((chosen,), given, ("",), [(word, ticket.set_cookie) for word in draws]),
            mapped((chosen,), cookies, (COOKIES,), [(word, ticket.cookies) for word in draws]),
        ]
        return DecisionMap((*items, *maps), version, draw.Ticket((given,), (cookies,)))

    def _by_audience(self, route: Route) -> dict[str, list[Conjunction]]:
        """What can hold of the route's conditions, by the audience that asks for it, or else by the route's name."""
        found: dict[str, list[Conjunction]] = {}
        for tests in route.condition:
            if not any(map(never, tests)):
                asked = tuple(test for test in tests if not always(test))
                found.setdefault(self._label(route, tests), []).append(asked)
        return found

    def _label(self, route: Route, tests: Conjunction) -> str:
        names = [name for name, condition in self._audiences if tests in condition]
        whole = [name for name, condition in self._audiences if name in names and {*condition} <= {*route.condition}]
        return (whole or names or [route.name])[0]

    def _answers(self, label: str, tests: Conjunction, several: bool, blocks: list[Item]) -> Iterator[Variable]:
        """What holds the answers to the tests; an audience of which a share is drawn brings those of its own."""
        route, _, known = label.partition("_")
        found = [(name, its, all_) for name, all_ in self._audiences for its in all_ if known and {*its} <= {*tests}]
        name, own, whole = max(found, key=lambda each: len(each[1]), default=(route, (), ()))
        for test in tests:
            if test in own:
                yield self._answer(name, test, len(whole) > 1 or len(own) > 1, blocks)
            else:
                more = (several and not known) or len(tests) - len(own) > 1
                yield self._answer(known or label, test, more, blocks)

    def _answer(self, label: str, test: Test, several: bool, blocks: list[Item]) -> Variable:
        """What holds the answer to a test; a new block where nobody has asked yet."""
        if (label, test) not in self._known:
            role = _role(label, test) if several else label
            variable = self._names.variable(role)
            blocks.append(answered(test, variable, self._trusted))
            self._known[label, test] = variable
        return self._known[label, test]

    def _word(self, name: str) -> str:
        """A word for a line, which no other line has."""
        taken, found, number = {line.word for line in self._lines.values()}, word(name), 1
        while found in taken:
            number += 1
            found = f"{word(name)}_{number}"
        return found

    def _ordered(self, role: str, default: Part, remark: str) -> tuple[Variable, list[Directive]]:
        """The variable that the first matching line decides, and its map, or its maps: each goes on in the next."""
        chunks = list(_chunks(self._lines.values()))
        variables = [self._names.own(role) for _ in chunks]
        found = []
        for variable, lines, rest in zip(variables, chunks, [*variables[1:], default], strict=True):
            text: list[Part] = []
            for line in lines:
                text += [f" {line.word}=", *line.answers]
            entries = [
                Directive(MapRegex(f" {line.word}={'1' * len(line.answers)}"), ((line.version,),), remark=line.remark)
                for line in lines
            ]
            last = Directive("default", ((rest,),), remark=remark if rest is default else "")
            found.append(Directive("map", (tuple(text), (variable,)), (last, *entries)))
        return variables[0], found


def _drawn_by(route: Route) -> str:
    """What stands for a version that is drawn for a route's users. No version has a colon in its name."""
    return limited(f"drawn:{route.name}", LONGEST_KEY)


def _role(label: str, test: Test) -> str:
    """What a test of several is called: by its audience, and by the header or the kind of field."""
    return f"{label}-{test.field.name if test.field.kind is Kind.HEADER else test.field.kind}"


def _chunks(lines: Iterable[_Line]) -> Iterator[list[_Line]]:
    """The lines in order, as many at a time as one text holds."""
    chunk: list[_Line] = []
    length = 0
    for line in lines:
        more = len(line.word) + 2 + sum(len(answer.name) + 3 for answer in line.answers)
        if chunk and length + more > _LONGEST_TEXT:
            yield chunk
            chunk, length = [], 0
        chunk.append(line)
        length += more
    yield chunk
