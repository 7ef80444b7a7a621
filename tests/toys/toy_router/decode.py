"""What a toy does with its files; whatever it does not know is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, get_args

from graymesh.ir.release import (
    Buckets,
    Field,
    Kind,
    Matcher,
    Networks,
    OneOf,
    PathPrefix,
    Policy,
    Regex,
    Route,
    RouteTable,
    SetCookie,
    Share,
    Split,
    Test,
)
from graymesh.kit.target import Decoded, Files, Refusal, Statement

_BUCKETS = re.compile("([0-9a-f]{4})-([0-9a-f]{4})")
_MATCHERS: dict[str, Any] = {shape.__name__: shape for shape in get_args(Matcher)}
_NAME = re.compile("[!-~]*")
_SHAPES = {Kind.PATH: re.compile("/.*"), Kind.METHOD: re.compile("[A-Z]+")}


def decode(files: Files) -> Decoded:
    """One statement for each table; none of a file that is not understood."""
    statements: list[Statement] = []
    refusals: list[Refusal] = []
    for file, text in sorted(files.items()):
        try:
            statements += _file(file, json.loads(text))
        except (ValueError, TypeError, AttributeError) as error:
            refusals.append(Refusal(file=file, field="JSON", message=str(error)))
    return Decoded(tuple(statements), tuple(refusals))


def _file(file: str, data: Any) -> list[Statement]:
    _has(data, "tables", "limits")
    settings = {(version, "limits.qps"): _whole(value) for version, value in data["limits"].items()}
    found = []
    for table in data["tables"]:
        _has(table, "hosts", "routes")
        routes = RouteTable(tuple(_route(index, route) for index, route in enumerate(table["routes"])))
        found.append(Statement(table["hosts"][0], settings, routes, tuple(table["hosts"]), file=file))
    return found


def _route(index: int, data: Any) -> Route:
    _has(data, "when", "goes", "within")
    condition = tuple(tuple(map(_test, tests)) for tests in data["when"])
    within = None if data["within"] is None else _whole(data["within"])
    split = Split(tuple(map(_share, data["goes"])))
    if sum(share.basis_points for share in split.shares) != 10_000:
        raise ValueError("the shares of a route are not the whole")
    return Route(name=str(index), condition=condition, split=split, policy=Policy(timeout_ms=within))


def _test(data: Any) -> Test:
    _has(data, "of", "named", "is", "values")
    kind, matcher = Kind(data["of"]), _matcher(data["is"], data["values"])
    shape = _SHAPES.get(kind)
    if bool(shape) == bool(data["named"]) or not _NAME.fullmatch(data["named"]):
        raise ValueError(f"{data['named']!r} is no name of a {kind}")
    if shape and isinstance(matcher, OneOf | PathPrefix) and not all(map(shape.fullmatch, data["values"])):
        raise ValueError(f"{data['values']} are no values of a {kind}")
    return Test(Field(kind, data["named"]), matcher)


def _matcher(word: str, values: list[str]) -> Matcher:
    """Any matcher of the language by its name, with what it is made of: nothing, one text, or several."""
    shape = _MATCHERS.get(word)
    if shape is None or not all(isinstance(value, str) and value for value in values):
        raise ValueError(f"{word} is no matcher, or a value of it is no text")
    if shape is Buckets and values:
        return Buckets(tuple(map(_interval, values)))
    if shape in (OneOf, Networks) and values:
        return shape(tuple(values))
    if len(values) != len(shape.__match_args__) or shape in (Buckets, OneOf, Networks):
        raise ValueError(f"{word} is no matcher of {len(values)} values")
    if shape is Regex:
        re.compile(values[0])
    return shape(*values)


def _interval(text: str) -> tuple[int, int]:
    found = _BUCKETS.fullmatch(text)
    if not found:
        raise ValueError(f"{text} is no interval")
    return int(found[1], 16), int(found[2], 16)


def _share(data: Any) -> Share:
    _has(data, "to", "of10000", "buckets", "gives", "asks", "tells")
    return Share(
        version=data["to"],
        basis_points=_whole(data["of10000"]),
        buckets=tuple(map(_interval, data["buckets"])),
        set_cookie=SetCookie(*data["gives"]) if data["gives"] else None,
        request_headers=tuple(sorted(data["asks"].items())),
        response_headers=tuple(sorted(data["tells"].items())),
    )


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{value!r} is no number")
    return value


def _has(data: Mapping[str, Any], *keys: str) -> None:
    if set(data) != set(keys):
        raise ValueError(f"{sorted(data)} are not the keys {sorted(keys)}")
