"""What artifacts mean, worked out by brute force from their text alone: by these a change is told from no change.

Nothing here knows graymesh; patterns are tried on every one of the 10,000 bucket values with Python's own `re`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

BUCKETS = tuple(f"{number:04}" for number in range(10_000))
STRANGE = tuple(f"{'0' * place}{char}{'9' * (3 - place)}" for place in range(4) for char in "qwx-[].:")
VALUES = ("", "0", "999", "00000", "99999", *STRANGE, *BUCKETS)
"""What is tried: every bucket, and some values that are none."""

_COOKIE = re.compile(r"\(\?:\.\*;\\s\*\)\?([^=]+)=(.*)\(\?:\\s\*;\.\*\)\?")


@lru_cache(maxsize=4096)
def taken(pattern: str) -> frozenset[str]:
    """The values that the pattern matches as a whole; none when it is no pattern."""
    try:
        found = re.compile(pattern)
    except re.error:
        return frozenset()
    return frozenset(value for value in VALUES if found.fullmatch(value))


def istio_order_matters(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Do two neighbours do different things with a request that both would take?"""
    return _istio_action(first) != _istio_action(second) and any(
        _compatible(_istio_tests(one), _istio_tests(two))
        for one in first.get("match") or [{}]
        for two in second.get("match") or [{}]
    )


def istio_buckets(routes: Sequence[Mapping[str, Any]], cookie: str) -> list[str]:
    """For each value what the first route does that asks for this cookie and nothing else, or for nothing."""
    rules = [
        (_istio_tests(match), _istio_action(route)) for route in routes for match in route.get("match") or [{}]
    ]
    return _first(rules, f"cookie {cookie}")


def spring_order_matters(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """As `istio_order_matters`, for two routes of Spring's list."""
    return _spring_action(first) != _spring_action(second) and _compatible(_spring_tests(first), _spring_tests(second))


def spring_buckets(routes: Sequence[Mapping[str, Any]], cookie: str) -> list[str]:
    """As `istio_buckets`, for the routes of one host."""
    ordered = sorted(routes, key=lambda route: route.get("order", 0))
    return _first([(_spring_tests(route), _spring_action(route)) for route in ordered], f"cookie {cookie}")


def spring_ranks(routes: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """The routes' places in the list, in the order in which Spring tries them, those of one order together."""
    orders = [route.get("order", 0) for route in routes]
    return [[place for place, own in enumerate(orders) if own == order] for order in sorted(set(orders))]


def _first(rules: Sequence[tuple[Mapping[str, str], str]], field: str) -> list[str]:
    own = [
        (taken(tests[field]) if tests else frozenset(VALUES), action)
        for tests, action in rules
        if tests.keys() <= {field}
    ]
    return [next((action for values, action in own if value in values), "") for value in VALUES]


def _compatible(one: Mapping[str, str], two: Mapping[str, str]) -> bool:
    """Can a request meet both? Fields go together freely; of one field the values must meet, by brute force."""
    return all(one[field] == two[field] or bool(taken(one[field]) & taken(two[field])) for field in one.keys() & two)


def _istio_action(route: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in route.items() if key not in ("name", "match")}, sort_keys=True)


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
