"""What goes with a version: headers of requests and answers, and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from graymesh.ir.release import UNIQUE_ID, RouteTable
from graymesh.kit.target import View
from graymesh.targets.nginx.conditions import REQUEST_ID, exact
from graymesh.targets.nginx.names import Names
from graymesh.targets.nginx.quoting import Part, Value, Variable, header_variable
from graymesh.targets.nginx.tree import Directive, Item, Remark, mapped

TOO_MANY: Final = "429"
"""The status that tells clients that they ask too often (RFC 6585)."""


class Marks(NamedTuple):
    """Blocks that tell versions apart, and what a location says by them."""

    items: tuple[Item, ...]
    directives: tuple[Directive, ...]


def marks(table: RouteTable, version: Part, stable: str, names: Names) -> Marks:
    """The headers that versions set. A version that says nothing of a header leaves it as it came."""
    requests, responses = _headers(table, "request_headers"), _headers(table, "response_headers")
    items: list[Item] = []
    directives: list[Directive] = []
    for name in _names(requests):
        passed_on = (header_variable("http_", name),) if "_" not in name else ("",)
        value = _by_version(name, requests, passed_on, version, stable, names, items)
        directives.append(Directive("proxy_set_header", (written(name), value)))
    for name in _names(responses):
        passed_on = (Variable("upstream_http_" + name.replace("-", "_")),)
        value = _by_version(name, responses, passed_on, version, stable, names, items)
        directives.append(Directive("proxy_hide_header", (written(name),)))
        directives.append(Directive("add_header", (written(name), value, "always")))
    return Marks(tuple(items), tuple(directives))


def limits(view: View, table: RouteTable, version: Part, names: Names, label: Callable[[str], str]) -> Marks:
    """The limits of versions that get requests, each with a zone of its own; requests of others are not counted."""
    rates = {name: view.facts.get((name, "limits.qps")) for name in sorted(versions_in(table))}
    items: list[Item] = []
    directives: list[Directive] = []
    for name, rate in rates.items():
        if not isinstance(rate, int):
            continue
        counted: Part = name
        items += [Remark(), Remark(f"{name}: at most {rate} a second, the rest is answered with {TOO_MANY}.")]
        if isinstance(version, Variable):
            counted = names.variable(f"limited-{name}")
            items.append(mapped((version,), counted, ("",), [(exact(name), (name,))]))
        items.append(Directive("limit_req_zone", ((counted,), f"zone={label(name)}:1m", f"rate={rate}r/s")))
        burst = (f"burst={burst_of(rate)}", "nodelay") if rate > 1 else ()
        directives.append(Directive("limit_req", (f"zone={label(name)}", *burst)))
    if directives:
        directives.append(Directive("limit_req_status", (TOO_MANY,)))
    return Marks(tuple(items), tuple(directives))


def versions_in(table: RouteTable) -> set[str]:
    """The versions that the table sends requests to."""
    return {version for route in table.routes for version in route.split.versions}


def burst_of(rate: int) -> int:
    """So many requests may come at once besides the first: what one second allows."""
    return rate - 1


def written(header: str) -> str:
    """`x-gray-lane` as people write it: `X-Gray-Lane`."""
    return "-".join(part.capitalize() for part in header.split("-"))


def _headers(table: RouteTable, which: str) -> Mapping[str, Mapping[str, str]]:
    """Version → the headers that go with it. Raises ValueError when they depend on more than the version."""
    found: dict[str, Mapping[str, str]] = {}
    for share in (share for route in table.routes for share in route.split.shares if share.basis_points):
        headers = dict(getattr(share, which))
        if found.setdefault(share.version, headers) != headers:
            raise ValueError(f"{share.version} has other headers in one route than in another")
    return found


def _names(headers: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    yield from sorted({name for each in headers.values() for name in each})


def _by_version(
    name: str,
    headers: Mapping[str, Mapping[str, str]],
    passed_on: Value,
    version: Part,
    stable: str,
    names: Names,
    items: list[Item],
) -> Value:
    """The header's value, through a map where it depends on the version and is not the version's own name."""
    values = {each: _value(said[name]) if name in said else passed_on for each, said in headers.items()}
    if len({*values.values()}) == 1:
        return values.popitem()[1]
    if all(value == (each,) for each, value in values.items()):
        return (version,)
    default = values.get(stable, passed_on)
    entries = [(exact(each), value) for each, value in sorted(values.items()) if value != default]
    variable = names.variable(name)
    items += [Remark(), mapped((version,), variable, default, entries)]
    return (variable,)


def _value(text: str) -> Value:
    return (REQUEST_ID,) if text == UNIQUE_ID else (text,)
