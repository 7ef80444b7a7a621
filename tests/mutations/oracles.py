"""What artifacts mean, worked out by brute force from their text alone: by these a change is told from no change.

Nothing here knows graymesh; patterns are tried on a ticket of every bucket with Python's own `re`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Any

from tests.mutations.nginx_text import Directive, top

BUCKETS = tuple(f"0000{number:04x}" for number in range(65_536))
STRANGE = tuple(f"{'0' * place}{char}{'9' * (7 - place)}" for place in range(8) for char in "qwxgAF-[].:")
VALUES = ("", "0", "0999", "0000999", "0" * 8 + "q", "f" * 32, "-" * 4 + "0999", *STRANGE, *BUCKETS)
"""What is tried: a ticket of every bucket, and some values that are none."""

_COOKIE = re.compile(r"\(\?:\.\*;\\s\*\)\?([^=]+)=(.*)\(\?:\\s\*;\.\*\)\?")


@lru_cache(maxsize=4096)
def taken(pattern: str) -> frozenset[str]:
    """The values that the pattern matches as a whole; none when it is no pattern."""
    if not is_pattern(pattern):
        return frozenset()
    found = re.compile(pattern)
    return frozenset(value for value in VALUES if found.fullmatch(value))


def is_pattern(text: str) -> bool:
    """Is it a regular expression at all?"""
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def istio_order_matters(
    first: Mapping[str, Any], second: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]] = ()
) -> bool:
    """Do two neighbours do different things with a request that both would take, and that no earlier route takes?"""
    taken_before = [tests.items() for route in earlier for tests in _istio_entries(route)]
    return _istio_action(first) != _istio_action(second) and any(
        _compatible(one, two) and not any(tests <= one.items() | two.items() for tests in taken_before)
        for one in _istio_entries(first)
        for two in _istio_entries(second)
    )


def istio_buckets(routes: Sequence[Mapping[str, Any]], cookie: str) -> dict[str, frozenset[str]]:
    """What is done with which values, by the routes that ask for this cookie and nothing else, or for nothing."""
    rules = [(tests, _istio_action(route)) for route in routes for tests in _istio_entries(route)]
    return _first(rules, f"cookie {cookie}")


def istio_actions(routes: Sequence[Mapping[str, Any]]) -> set[str]:
    """What is done with requests, by all routes up to the one that takes all; "" for no route when there is none."""
    found = set()
    for route in routes:
        found.add(_istio_action(route))
        if not route.get("match"):
            return found
    return {*found, ""}


def spring_actions(routes: Sequence[Mapping[str, Any]]) -> dict[str, set[str]] | None:
    """By host what is done with its requests, when it is one thing for each host; None when it is not."""
    found: dict[str, set[str]] = {}
    for route in routes:
        (host,) = (each["args"]["regexp"] for each in route["predicates"] if each["args"].get("header") == "Host")
        found.setdefault(host, set()).add(_spring_action(route))
    whole = {
        host
        for host in found
        for route in routes
        if not _spring_tests(route) and any(each["args"].get("regexp") == host for each in route["predicates"])
    }
    return found if whole == found.keys() and all(len(each) == 1 for each in found.values()) else None


def spring_order_matters(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """As `istio_order_matters`, for two routes of Spring's list; of one weight group only the drawn one matches."""
    if spring_group(first) == spring_group(second) != "":
        return False
    return _spring_action(first) != _spring_action(second) and _compatible(_spring_tests(first), _spring_tests(second))


def spring_group(route: Mapping[str, Any]) -> str:
    """The weight group that the route belongs to, "" for none."""
    return next((each["args"]["weight.group"] for each in route["predicates"] if each["name"] == "Weight"), "")


def spring_buckets(routes: Sequence[Mapping[str, Any]], cookie: str) -> dict[str, frozenset[str]]:
    """As `istio_buckets`, for the routes of one host."""
    ordered = sorted(routes, key=lambda route: route.get("order", 0))
    return _first([(_spring_tests(route), _spring_action(route)) for route in ordered], f"cookie {cookie}")


def spring_order_kept(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> bool:
    """Do only routes change places whose order does not matter? A missing order is 0, the list breaks ties."""
    old, new = _ranks(before), _ranks(after)
    return not any(
        (old[one] < old[two]) != (new[one] < new[two]) and spring_order_matters(before[one], before[two])
        for one, two in combinations(range(len(before)), 2)
    )


def _ranks(routes: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    return [(route.get("order", 0), place) for place, route in enumerate(routes)]


def _first(rules: Sequence[tuple[Mapping[str, str], str]], field: str) -> dict[str, frozenset[str]]:
    left, found = frozenset(VALUES), dict[str, frozenset[str]]()
    for tests, action in rules:
        if tests.keys() <= {field}:
            own = left & taken(tests[field]) if tests else left
            found[action] = found.get(action, frozenset()) | own
            left -= own
    return {action: values for action, values in found.items() if values}


def _compatible(one: Mapping[str, str], two: Mapping[str, str]) -> bool:
    """Can a request meet both? Fields go together freely; of one field the values must meet, by brute force."""
    return all(one[field] == two[field] or bool(taken(one[field]) & taken(two[field])) for field in one.keys() & two)


def _istio_action(route: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in route.items() if key not in ("name", "match")}, sort_keys=True)


def _istio_entries(route: Mapping[str, Any]) -> list[dict[str, str]]:
    return [_istio_tests(match) for match in route.get("match") or [{}]]


def _istio_tests(match: Mapping[str, Any]) -> dict[str, str]:
    """Field → pattern of its value."""
    found: dict[str, str] = {}
    for name, value in (match.get("headers") or {}).items():
        ((how, said),) = value.items()
        pair = _COOKIE.fullmatch(said) if name == "cookie" else None
        if pair:
            found[f"cookie {pair[1]}"] = pair[2]
        else:
            found[f"header {name}"] = re.escape(said) if how == "exact" else said
    return found | {key: json.dumps(value) for key, value in match.items() if key != "headers"}


def _spring_action(route: Mapping[str, Any]) -> str:
    action = {key: value for key, value in route.items() if key not in ("id", "order", "predicates")}
    weights = [predicate for predicate in route["predicates"] if predicate["name"] == "Weight"]
    return json.dumps([action, weights], sort_keys=True)


def _spring_tests(route: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for predicate in route["predicates"]:
        args = predicate["args"]
        if predicate["name"] == "Cookie":
            found[f"cookie {args['name']}"] = args["regexp"]
        elif predicate["name"] == "Header" and args["header"] != "Host":
            found[f"header {args['header'].lower()}"] = args["regexp"]
        elif predicate["name"] not in ("Weight", "Header"):
            found[predicate["name"]] = json.dumps(args)
    return found


def nginx_buckets(files: Mapping[str, str]) -> list[dict[str, frozenset[str]]]:
    """For every ordered map which version stands first for which values of its ticket cookie."""
    tops = [found for path in sorted(files) if path.endswith(".conf") for found in top(files[path])]
    maps = {each.values[1]: each for each in tops if each.name == "map"}
    return [_nginx_ordered(each, maps) for each in maps.values() if "=$" in each.values[0]]


def _nginx_ordered(ordered: Directive, maps: Mapping[str, Directive]) -> dict[str, frozenset[str]]:
    asked = dict(re.findall(r" (\w+)=(\$\w+)", ordered.values[0]))
    left, found = frozenset(VALUES), dict[str, frozenset[str]]()
    for line in ordered.children:
        block = maps.get(asked.get(line.name.removeprefix("~ ").removesuffix("=1"), ""))
        keys = [entry.name for entry in block.children if entry.values[0] == "1"] if block else []
        own = left & frozenset().union(*(_nginx_taken(key) for key in keys))
        version = line.values[0]
        found[version] = found.get(version, frozenset()) | own
        left -= own
    return {version: values for version, values in found.items() if values}


@lru_cache(maxsize=4096)
def _nginx_taken(key: str) -> frozenset[str]:
    """The values with which a map's pattern finds the ticket cookie."""
    name = re.search(r"[\w-]+-ticket=", key)
    if name is None:
        return frozenset()
    pattern = re.compile(key.removeprefix("~").replace(r"\z", r"\Z"))
    return frozenset(value for value in VALUES if pattern.search(name[0] + value))
