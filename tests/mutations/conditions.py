"""When a change changes nothing, where the place alone does not tell: decided from the artifacts before and after."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import yaml

from graymesh.ir.release import Conjunction, Field, Matcher, Networks, OneOf, RouteTable
from graymesh.ir.semantics import Request
from graymesh.proof.equivalence import witness_for
from tests.mutations import oracles
from tests.mutations.lines import Change, Line
from tests.mutations.nginx_engine import Answer, NginxEngine


def in_case_only(change: Change) -> bool:
    """Upper and lower case is all that differs."""
    old, arrow, new = change.mutant.change.partition(" → ")
    return bool(arrow) and old.lower() == new.lower()


def same_buckets_in_istio(change: Change) -> bool:
    """Every value of every ticket cookie still gets the same."""
    pairs = zip(_http_routes(change.before), _http_routes(change.mutant.text), strict=True)
    cookies = _ticket_cookies(change.before)
    return all(
        oracles.istio_buckets(old, cookie) == oracles.istio_buckets(new, cookie)
        for old, new in pairs
        for cookie in cookies
    )


def same_buckets_in_spring(change: Change) -> bool:
    """Every value of every ticket cookie still gets the same."""
    old, new = spring_routes(change.before), spring_routes(change.mutant.text)
    cookies = _ticket_cookies(change.before)
    return all(oracles.spring_buckets(old, cookie) == oracles.spring_buckets(new, cookie) for cookie in cookies)


def all_alike_in_istio(change: Change) -> bool:
    """Every request meets the same before and after, whichever route takes it: the end of a release."""
    texts = (change.before, change.mutant.text)
    old, new = ([oracles.istio_actions(routes) for routes in _http_routes(text)] for text in texts)
    return old == new and all(len(actions) == 1 for actions in old)


def all_alike_in_spring(change: Change) -> bool:
    """As in Istio, host by host; a route without other predicates takes what is left."""
    old, new = (oracles.spring_actions(spring_routes(text)) for text in (change.before, change.mutant.text))
    return old is not None and old == new


def same_ports_in_istio(change: Change) -> bool:
    """Every endpoint of a ServiceEntry has the same port: its own, or else the service's."""
    old, new = documents(change.before), documents(change.mutant.text)
    return [_ports(each) for each in old] == [_ports(each) for each in new]


def same_retries_in_istio(change: Change) -> bool:
    """Every route retries as often as before: a number that is left out is 0."""
    old, new = documents(change.before), documents(change.mutant.text)
    return [_attempts(each) for each in old] == [_attempts(each) for each in new]


def _attempts(found: Mapping[str, Any]) -> list[int | None]:
    routes = found["spec"].get("http", ())
    return [route["retries"].get("attempts", 0) if "retries" in route else None for route in routes]


def _ports(found: Mapping[str, Any]) -> list[int]:
    spec = found["spec"] if found["kind"] == "ServiceEntry" else {}
    return [
        (endpoint.get("ports") or {}).get(port["name"], port["number"])
        for endpoint in spec.get("endpoints", ())
        for port in spec["ports"]
    ]


def same_order_in_spring(change: Change) -> bool:
    """No two routes change places of which one would take the other's requests."""
    return oracles.spring_order_kept(spring_routes(change.before), spring_routes(change.mutant.text))


def same_defaults_in_sentinel(change: Change) -> bool:
    """The rules are the same once the defaults of their classes are written out."""
    return _with_defaults(change.before) == _with_defaults(change.mutant.text)


def same_buckets_in_nginx(change: Change) -> bool:
    """Every value of every ticket cookie still gets the same, in every server."""
    return oracles.nginx_buckets(change.line.files) == oracles.nginx_buckets(change.files)


def same_answers_in_nginx(change: Change) -> bool:
    """A request for every route of every release, with every result of the draw, meets the same as before."""
    try:
        after = NginxEngine(change.files)
        own = after.hosts(change.before) - {"_"}
        asked = (pair for pair in _answers(change.line) if not own or pair[0].host in own)
        return all(after.answers(request) == answers for request, answers in asked)
    except (ValueError, IndexError, KeyError, re.error):
        return False


@lru_cache(maxsize=32)
def _answers(line: Line) -> list[tuple[Request, list[Answer]]]:
    engine, read = NginxEngine(line.files), set(re.findall(r"\$http_(\w+)", "".join(line.files.values())))
    names = sorted(name.replace("_", "-") for name in read - {"cookie"})
    tried = [again for request in requests_of(line) for again in (request, _with_headers(request, names))]
    return [(request, engine.answers(request)) for request in tried]


def _with_headers(request: Request, names: Sequence[str]) -> Request:
    """The same request with every header that the files read, where it has none."""
    has = {name.lower() for name, _ in request.headers}
    return replace(request, headers=(*request.headers, *((name, "any") for name in names if name not in has)))


def requests_of(line: Line) -> list[Request]:
    """For every host of a line a request for each alternative of each route's condition, and for each of its values."""
    found = []
    for tables in (tables for view in line.job.views for tables in view.tables):
        for index, route in enumerate(tables.table.routes):
            for tests in (single for each in route.condition for single in _singles(each)):
                alternatives = (*tables.table.routes[:index], replace(route, condition=(tests,)))
                request = witness_for(RouteTable(alternatives), index)
                for host in tables.hosts if request else ():
                    found += [replace(request, host=host), _with_key(replace(request, host=host), route.split.key)]
    return list(dict.fromkeys(found))


def _singles(tests: Conjunction) -> Iterator[Conjunction]:
    """The conjunction once for each value that one of its tests lists."""
    yield tests
    for index, test in enumerate(tests):
        if isinstance(test.matcher, OneOf):
            yield from (_with(tests, index, OneOf((value,))) for value in test.matcher.values)
        elif isinstance(test.matcher, Networks):
            yield from (_with(tests, index, Networks((network,))) for network in test.matcher.networks)


def _with(tests: Conjunction, index: int, matcher: Matcher) -> Conjunction:
    return (*tests[:index], replace(tests[index], matcher=matcher), *tests[index + 1 :])


def _with_key(request: Request, key: Field | None) -> Request:
    """The same request with the cookie by which a share is drawn."""
    return replace(request, cookies=(*request.cookies, (key.name, "7"))) if key else request


def spring_routes(text: str) -> Sequence[Mapping[str, Any]]:
    """The list of routes in an application file."""
    found: Sequence[Mapping[str, Any]] = documents(text)[0]["spring"]["cloud"]["gateway"]["server"]["webflux"]["routes"]
    return found


@lru_cache(maxsize=4)
def documents(text: str) -> list[Any]:
    """The documents of a YAML file."""
    return list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def _http_routes(text: str) -> list[Sequence[Mapping[str, Any]]]:
    """The routes of each VirtualService; of one for a single port as requests at that port meet them."""
    return [_at_its_port(each["spec"]["http"]) for each in documents(text) if each["kind"] == "VirtualService"]


def _at_its_port(routes: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    matches = [match for route in routes for match in route.get("match", [{}])]
    if len({match.get("port") for match in matches}) > 1:
        return routes
    left = [[{k: v for k, v in match.items() if k != "port"} for match in route.get("match", ())] for route in routes]
    return [{**route, "match": found if all(found) else []} for route, found in zip(routes, left, strict=True)]


def _ticket_cookies(text: str) -> set[str]:
    return set(re.findall(r"([\w-]+-ticket)\b", text))


def _with_defaults(text: str) -> list[Mapping[str, Any]]:
    """The rules with what Sentinel's classes give to fields that are not there."""
    return [_completed(rule) for rule in json.loads(text)]


def _completed(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    if "timeWindow" in rule:
        return {"grade": 0, **rule}
    if "predicateItems" in rule:
        return {**rule, "predicateItems": [{"matchStrategy": 0, **item} for item in rule["predicateItems"]]}
    if "intervalSec" in rule or "resourceMode" in rule:
        return {"grade": 1, "intervalSec": 1, "resourceMode": 0, **rule}
    return {"grade": 1, "strategy": 0, "controlBehavior": 0, **rule}
