"""Does Spring Cloud Gateway still take requests as `spring_facts.yaml` says?

The target's lowering and its decoder rely on these facts, many of which no manual tells. Nothing stands behind the
gateway here: a route that takes a request answers it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.conformance.spring import SpringCloudGateway

FACTS: Final = Path(__file__).with_name("spring_facts.yaml")
_METHODS: Final = ("GET", "POST", "HEAD", "TRACE", "post", "OTHER")
_ASKED: Final = {"takes": "taken", "leaves": "left", "rejects": "400"}


def problems(engine: SpringCloudGateway) -> Iterator[str]:
    """Every request that the engine treats otherwise than the facts say, in words."""
    for group in yaml.safe_load(FACTS.read_text(encoding="utf-8")):
        engine.configure(_configuration(group["facts"]), group.get("settings", {}))
        for name, fact in group["facts"].items():
            yield from _wrong(engine, name, fact)


def _configuration(facts: Mapping[str, Any]) -> str:
    routes = [route for name, fact in facts.items() for route in _routes(name, fact)]
    nested = {"spring": {"cloud": {"gateway": {"server": {"webflux": {"routes": routes}}}}}}
    return yaml.safe_dump(nested, sort_keys=False)  # the order of a predicate's arguments means something


def _routes(name: str, fact: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One that takes what the predicates take, one for all else; a header of ours tells the facts apart."""
    scope = {"name": "Header", "args": {"header": "x-fact", "regexp": name}}
    for order, (word, predicates) in enumerate((("taken", fact["predicates"]), ("left", []))):
        answer = {"name": "SetResponseHeader", "args": {"name": "x-served-by", "value": word}}
        yield {
            "id": f"{name}-{word}",
            "uri": "no://op",
            "order": order,
            "predicates": [scope, *predicates],
            "filters": [answer],
        }


def _wrong(engine: SpringCloudGateway, name: str, fact: Mapping[str, Any]) -> Iterator[str]:
    asked = [(wanted, request) for key, wanted in _ASKED.items() for request in fact.get(key, ())]
    answers = engine.send_bytes([_head(name, request) for _, request in asked])
    for (wanted, request), answer in zip(asked, answers, strict=True):
        found = answer.version or answer.headers[":status"]
        if found != wanted:
            yield f"{name}: {request!r} is {found}, not {wanted} ({fact['says']})"


def _head(name: str, request: str | list[str]) -> bytes:
    lines = [request] if isinstance(request, str) else list(request)
    first = lines.pop(0) if lines[0].split(" ")[0] in _METHODS else "GET /"
    host = [] if any(line.startswith("Host:") for line in lines) else ["Host: fact.test"]
    return "".join(f"{line}\r\n" for line in [f"{first} HTTP/1.1", *host, f"X-Fact: {name}", *lines, ""]).encode()
