"""The same request said in other ways, its near neighbours, and what lies outside what graymesh proves.

A neighbour is another request, for which the reference has its own answer. A way of saying a request changes its bytes
only: the reference still sees what was meant. What is outside must be answered in an orderly way, by whomever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from graymesh.ir.release import Field, Kind, RouteTable
from graymesh.ir.semantics import Pairs, Request
from graymesh.proof.regex.domain import inside

_MARKS: Final = "!$&'()*+,=:@_~-..x"
"""Everything that may stand in a path beside letters and digits."""

Lines: TypeAlias = list[str]
"""A request's head: the request line, then the headers."""

Way: TypeAlias = Callable[[Lines, Request, Sequence[Field]], Lines]
"""Another way to say a request, given its plain head and the fields that the table reads."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it is meant, what of it was said differently, and its bytes. `proven`: the reference must hold."""

    request: Request
    host: str
    variant: str
    head: bytes
    proven: bool = True


def fields_of(table: RouteTable) -> list[Field]:
    """The fields that the table's conditions read, and those that draw users."""
    tested = {test.field for route in table.routes for tests in route.condition for test in tests}
    return sorted(tested | {route.split.key for route in table.routes if route.split.key})


def neighbours(request: Request, table: RouteTable, fields: Sequence[Field]) -> Iterator[tuple[str, Request]]:
    """Requests that a careless engine takes for this one, or the other way round; all inside of what is proven."""
    written = {name for route in table.routes for share in route.split.shares for name, _ in share.request_headers}
    if written:
        forged = tuple((name, "forged") for name in sorted(written - {name.lower() for name, _ in request.headers}))
        yield "headers that the engine writes", replace(request, headers=(*request.headers, *forged))
    for field in fields:
        match field.kind:
            case Kind.HEADER:
                yield "header of a similar name", replace(request, headers=_decoys(request.headers, field.name))
            case Kind.COOKIE:
                yield "cookies of similar names", replace(request, cookies=_decoys(request.cookies, field.name, True))
                yield "cookie twice", replace(request, cookies=_twice(request.cookies, field.name))
            case Kind.QUERY:
                yield "parameters of similar names", replace(request, query=_decoys(request.query, field.name, True))
            case Kind.SOURCE if ":" not in request.source:
                yield "IPv4-mapped address", replace(request, source=f"::ffff:{request.source}")
            case Kind.PATH:
                yield from (("path", replace(request, path=path)) for path in _paths(request.path))


def _decoys(pairs: Pairs, name: str, heeds_case: bool = False) -> Pairs:
    """The pairs between others whose names only look like this one's, with its value or a likely one."""
    value = next((value for key, value in pairs if key.lower() == name.lower()), "v2")
    before = [(f"x{name}", value), *([(name.swapcase(), value)] if heeds_case and name.swapcase() != name else [])]
    return (*before, *pairs, (f"{name}x", value))


def _twice(pairs: Pairs, name: str) -> Pairs:
    return (*pairs, *((key, f"{value}0") for key, value in pairs if key == name))


def _paths(path: str) -> Iterator[str]:
    candidates = (path + "/", path.rstrip("/"), path + "x", path + "/x", path.swapcase(), "/x" + path, path + _MARKS)
    yield from (each for each in dict.fromkeys(candidates) if each != path and inside(Kind.PATH, each))


def _names_in_capitals(lines: Lines, request: Request, fields: Sequence[Field]) -> Lines:
    return [lines[0], *(re.sub(r"^[^:]+", lambda name: name[0].upper(), line) for line in lines[1:])]


def _padded(lines: Lines, request: Request, blank: str) -> Lines:
    """Blanks around the headers that are compared; what the harness itself adds stays as it is."""
    named = {name.lower() for name, _ in request.headers}
    return [_spaced(line, blank) if line.partition(":")[0].lower() in named else line for line in lines]


def _spaced(line: str, blank: str) -> str:
    name, _, value = line.partition(": ")
    return f"{name}:{blank}{value}{blank}"


def _port_and_capitals(lines: Lines, request: Request, fields: Sequence[Field]) -> Lines:
    return [re.sub(r"^Host: (.*)", lambda host: f"Host: {host[1].upper()}:8080", line) for line in lines]


def _empty_headers(lines: Lines, request: Request, fields: Sequence[Field]) -> Lines:
    there = {name.lower() for name, _ in request.headers}
    named = [field.name for field in fields if field.kind is Kind.HEADER and field.name not in there]
    return [*lines, *(f"{name}:" for name in named)]


def _cookie_headers(lines: Lines, request: Request, fields: Sequence[Field]) -> Lines:
    """Each cookie in a header of its own, as HTTP/2 clients send them."""
    found: Lines = []
    for line in lines:
        found += [f"Cookie: {pair}" for pair in line[8:].split("; ")] if line.startswith("Cookie: ") else [line]
    return found


def _cookies_between(lines: Lines, request: Request, fields: Sequence[Field]) -> Lines:
    return [re.sub("^Cookie: (.*)", r"Cookie: _ga=GA1.2.3; \1; theme=dark", line) for line in lines]


def _escaped_path(lines: Lines, request: Request, fields: Sequence[Field]) -> Lines:
    """A letter of the path percent-encoded, which RFC 3986 §6.2.2.2 calls the same path."""
    letter = re.search("[A-Za-z]", request.path)
    if letter is None:
        return lines
    path = f"{request.path[: letter.start()]}%{ord(letter[0]):02X}{request.path[letter.end() :]}"
    return [lines[0].replace(request.path, path, 1), *lines[1:]]


def _path_with(text: str) -> Way:
    def way(lines: Lines, request: Request, fields: Sequence[Field]) -> Lines:
        return [lines[0].replace(request.path, request.path + text, 1), *lines[1:]]

    return way


def _parameter_twice(lines: Lines, request: Request, fields: Sequence[Field]) -> Lines:
    name = _first_tested(fields, Kind.QUERY)
    method, _, version = lines[0].split(" ")
    return [f"{method} {request.path}?{name}=1&{name}=2 {version}", *lines[1:]]


WAYS: Final[dict[str, Way]] = {
    "names in capitals": _names_in_capitals,
    "blanks around values": lambda lines, request, _: _padded(lines, request, "   "),
    "port and capitals in the host": _port_and_capitals,
    "empty headers": _empty_headers,
    "a header for each cookie": _cookie_headers,
    "other cookies around": _cookies_between,
}
"""Other ways to say a request, for which the reference holds unchanged."""


def _first_tested(fields: Sequence[Field], kind: Kind) -> str:
    return next((field.name for field in fields if field.kind is kind), "x-any")


OUTSIDE: Final[dict[str, Way]] = {
    "tabs around values": lambda lines, request, _: _padded(lines, request, "\t"),
    "percent-encoded path": _escaped_path,
    "header twice": lambda lines, _, fields: [*lines, *(f"{_first_tested(fields, Kind.HEADER)}: v{n}" for n in (1, 2))],
    "parameter twice": _parameter_twice,
    "unwritable characters in the path": _path_with('"<|^`{}'),
    "parameter of a path segment": _path_with(";a=b"),
    "slashes and dots in the path": lambda lines, *_: [re.sub(r"^(\S+ )/", r"\1//a/.././", lines[0]), *lines[1:]],
    "bytes beyond ASCII": lambda lines, _, fields: [*lines, f"{_first_tested(fields, Kind.HEADER)}: v\xe92"],
    "a long header": lambda lines, *_: [*lines, "x-long: " + 7000 * "a"],
    "broken cookies": lambda lines, *_: [*lines, 'Cookie: a=1;b="2;c;;=;gray-ticket=%30'],
}  # fmt: skip
"""What graymesh says nothing about: engines differ here, and none may fall over."""


def bytes_of(lines: Lines) -> bytes:
    """The head as it goes over the wire."""
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n"


def lines_of(head: bytes) -> Lines:
    """The lines of a head without a body."""
    return head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
