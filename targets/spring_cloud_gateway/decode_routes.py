"""One route definition: when it matches, where it sends requests, what else it does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, Final

from graymesh.ir.release import Condition, Kind, OneOf, Test
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.spring_cloud_gateway.decode_filters import FilterEffects, effects, timeout_ms
from graymesh.targets.spring_cloud_gateway.decode_predicates import Alternatives, predicate
from graymesh.targets.spring_cloud_gateway.refused import literal_text, of_type
from graymesh.targets.spring_cloud_gateway.shortcuts import Definition, definition

Hosts = frozenset[str]

_KEYS: Final = frozenset(["id", "uri", "order", "predicates", "filters", "metadata", "enabled"])
_MOST_ALTERNATIVES: Final = 1000
_DEFAULT_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_NAME = rf"(?:{_LABEL}\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_URI = re.compile(rf"(lb|https?)://({_NAME}|[0-9]+(?:\.[0-9]+){{3}}|\[[0-9A-Fa-f:.]+\])(?::([0-9]{{2,5}}))?/?")
"""Java takes no other host names, and the gateway's client no ports of one digit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """A part of the requests that reach a group."""

    group: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedRoute:
    """One enabled route; `index` is its place in the list, which breaks ties.

    `hosts` are those for whose requests it stands in the list, None for every host; `named` are the sets of hosts that
    its predicates name, all of which must hold.
    """

    index: int
    id: str
    order: int
    version: str
    hosts: Hosts | None
    named: tuple[Hosts, ...]
    condition: Condition
    weight: Weight | None
    effects: FilterEffects
    reads_forwarded: bool | None


def entry(value: object, index: int) -> DecodedRoute | None:
    """The route; None when it is switched off. Raises NotUnderstood."""
    route = of_type("routes", value, dict)
    unknown = next((key for key in route if key not in _KEYS), None)
    if unknown is not None:
        raise NotUnderstood(str(unknown), "a route has no such key, and Spring ignores it")
    if not _switch(route.get("enabled", True)):
        return None
    found = [definition(each, "predicates") for each in _several(route, "predicates")]
    named, condition = _matched(predicate(each) for each in found if each.name != "Weight")
    filters = tuple(definition(each, "filters") for each in _several(route, "filters"))
    limit = timeout_ms(of_type("metadata", route.get("metadata") or {}, dict))
    return DecodedRoute(
        index=index,
        id=name(route),
        order=_order(route.get("order", 0)),
        version=version(literal_text("uri", of_type("uri", route.get("uri"), str))),
        hosts=_in_common(named),
        named=named,
        condition=condition,
        weight=_weight([each for each in found if each.name == "Weight"]),
        effects=effects(filters, limit),
        reads_forwarded=_reads_forwarded(found),
    )


def name(route: Mapping[str, Any]) -> str:
    """The route's id."""
    if route.get("id") is None:
        raise NotUnderstood("id", "is missing, and the gateway then builds none of its routes")
    return literal_text("id", of_type("id", route["id"], str))


def hosts_of(value: object) -> Hosts | None:
    """The hosts that a route is for, as far as they can be told without understanding the rest of it; None for any."""
    try:
        found = [definition(each, "predicates") for each in _several(of_type("routes", value, dict), "predicates")]
        named, _ = _matched(predicate(each) for each in found if each.name == "Header" and _reads_host(each))
        return _in_common(named)
    except NotUnderstood:
        return None


@lru_cache(maxsize=8192)
def version(uri: str) -> str:
    """The uri in one form: `lb://v2.shop.default.svc`, `http://10.0.0.1:80`."""
    found = _URI.fullmatch(uri)
    if found is None or (found[1] == "lb" and found[3]):
        message = f"{uri!r} is neither lb://service nor http://host:port without a path, which Spring would drop"
        raise NotUnderstood("uri", message)
    if found[2].startswith("169.254."):
        raise NotUnderstood("uri", f"{uri!r} is not the address of a service")
    port = found[3] or _DEFAULT_PORTS.get(found[1])
    return f"{found[1]}://{found[2]}" + (f":{int(port)}" if port else "")


def _several(route: Mapping[str, Any], key: str) -> list[Any]:
    found = of_type(key, route.get(key) or [], list)
    if key == "predicates" and not found:
        raise NotUnderstood(key, "a route without predicates keeps the gateway from starting")
    return found


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise NotUnderstood("enabled", f"{value!r} is neither true nor false")


def _order(value: object) -> int:
    if isinstance(value, str) and re.fullmatch("-?[0-9]{1,9}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**31) <= value < 2**31:
        raise NotUnderstood("order", f"{value!r} is not a whole number")
    return value


def _weight(found: list[Definition]) -> Weight | None:
    if not found:
        return None
    if len(found) > 1:
        raise NotUnderstood("Weight", "the route has two of them")
    arguments = found[0].named("weight.group", "weight.weight")
    group, amount = arguments.get("weight.group", ""), arguments.get("weight.weight", "")
    if not group or not re.fullmatch("[0-9]{1,9}", amount):
        raise NotUnderstood("Weight", "it needs weight.group and a whole number in weight.weight")
    return Weight(group=group, amount=int(amount))


def _reads_forwarded(found: Iterable[Definition]) -> bool | None:
    """Does it take the client's address from X-Forwarded-For, or from the connection? None when from neither."""
    names = {each.name for each in found} & {"RemoteAddr", "XForwardedRemoteAddr"}
    if len(names) > 1:
        raise NotUnderstood("XForwardedRemoteAddr", "one route reads the client's address in two ways")
    return "XForwardedRemoteAddr" in names if names else None


def _reads_host(found: Definition) -> bool:
    return any(field in ("", "header") and value.lower() == "host" for field, value in found.arguments)


def _matched(found: Iterable[Alternatives]) -> tuple[tuple[Hosts, ...], Condition]:
    """All predicates together: the hosts that they name, and the rest as a disjunction of conjunctions."""
    named: list[Hosts] = []
    others: list[Alternatives] = []
    for alternatives in found:
        names = _host_names(alternatives)
        if names is None:
            others.append(alternatives)
        else:
            named.append(names)
    return tuple(named), tuple(_conjunctions(others))


def _in_common(named: Sequence[Hosts]) -> Hosts | None:
    """The hosts of all sets; where there are none, so that the route never matches, those of the first."""
    return (frozenset.intersection(*named) or named[0]) if named else None


def _host_names(alternatives: Alternatives) -> Hosts | None:
    tests = alternatives[0]
    if len(tests) != 1 or tests[0].field.kind is not Kind.HOST or not isinstance(tests[0].matcher, OneOf):
        return None
    return frozenset(tests[0].matcher.values)


def _conjunctions(found: list[Alternatives]) -> Iterator[tuple[Test, ...]]:
    count = 1
    for alternatives in found:
        count *= len(alternatives)
    if count > _MOST_ALTERNATIVES:
        raise NotUnderstood("predicates", f"they stand for {count} combinations")
    for chosen in product(*found):
        yield tuple(test for tests in chosen for test in tests)
