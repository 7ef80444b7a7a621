"""nginx in small: what one request meets, evaluated from the text of the configuration by nginx's own rules.

It knows the directives that choose and nothing else; the draw is given from outside. Its only use is to tell changes
that change nothing: two configurations that answer every tried request alike.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from graymesh.ir.semantics import Request
from tests.mutations.nginx_text import Directive, top

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|([1-9])|([A-Za-z_]\w*))")

_TELLING = {"proxy_pass": 0, "proxy_set_header": 1, "add_header": 1, "limit_req": 0}
"""What a location does to a request, and which argument's value tells it."""

DRAWS = tuple(range(0, 0x10000, 251))
"""The buckets that are drawn in turn, close enough for half a percent; of a draw of versions, its parts in turn."""

_HEX = 16

Answer = tuple[tuple[str, ...], ...]
"""What each of these directives does, and by which text the draw was made."""


class NginxEngine:
    """All files of a configuration."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._variables: dict[str, Directive] = {}
        self._servers: dict[str, Directive] = {}
        self._zones: dict[str, str] = {}
        for path in sorted(path for path in files if path.endswith(".conf")):
            for found in top(files[path]):
                if found.name in ("map", "split_clients"):
                    self._variables[found.values[1].lower()] = found
                elif found.name == "geo":
                    self._variables[found.values[-1].lower()] = found
                elif found.name == "limit_req_zone":
                    self._zones[found.values[1].partition(":")[0]] = found.values[0]
                elif found.name == "server":
                    names = [name for each in found.children if each.name == "server_name" for name in each.values]
                    self._servers.update((name.lower(), found) for name in names)

    def answers(self, request: Request) -> list[Answer]:
        """What the request meets; once for each draw, where it draws at all."""
        server = self._servers.get(request.host)
        if server is None:
            return []
        first = _Evaluation(self._variables, server, request, DRAWS[0])
        found = first.answer(self._zones)
        rest = DRAWS[1:] if first.drew else ()
        return [found, *(_Evaluation(self._variables, server, request, draw).answer(self._zones) for draw in rest)]

    def hosts(self, text: str) -> set[str]:
        """The names of the servers that stand in one of the files."""
        names = (each for found in top(text) if found.name == "server" for each in found.children)
        return {name.lower() for each in names if each.name == "server_name" for name in each.values}


class _Evaluation:
    """One request at one server with one draw; variables get their value when they are first asked for."""

    def __init__(self, variables: Mapping[str, Directive], server: Directive, request: Request, draw: int) -> None:
        self._variables, self._request, self._draw = variables, request, draw
        self._server = server
        self._known: dict[str, str] = {}
        self._key = ""
        self.drew = False

    def answer(self, zones: Mapping[str, str]) -> Answer:
        """What the location passes on and answers, what limits go by, and by what the draw was made."""
        for found in self._server.children:
            if found.name == "set":
                self._known[found.values[0].lower()] = self._text(found.values[1])
        (location,) = (each for each in self._server.children if each.name == "location")
        said = [tuple(self._said(each, zones)) for each in location.children if each.name in _TELLING]
        return (*said, ("draw", self._key))

    def _said(self, found: Directive, zones: Mapping[str, str]) -> Iterator[str]:
        yield found.name
        if found.name == "limit_req":
            yield self._text(zones[found.values[0]])
        elif found.name == "proxy_pass":
            yield self._text(found.values[0]).lower()  # nginx finds upstreams without regard to case
        else:
            yield from found.values[: _TELLING[found.name]]
            text = self._text(found.values[_TELLING[found.name]])
            yield text.removeprefix("; ") if found.values[0] == "Cookie" else text

    def _text(self, written: str, captures: re.Match[str] | None = None) -> str:
        def value(found: re.Match[str]) -> str:
            if found[2]:
                return captures[int(found[2])] or "" if captures else ""
            return self._value("$" + (found[1] or found[3]).lower())

        return _VARIABLE.sub(value, written)

    def _value(self, name: str) -> str:
        if name not in self._known:
            self._known[name] = self._found(name)
        return self._known[name]

    def _found(self, name: str) -> str:
        block = self._variables.get(name)
        if block is None:
            return self._builtin(name)
        if block.name == "map":
            return self._mapped(block)
        if block.name == "geo":
            return self._located(block)
        self.drew = True
        self._key = self._text(block.values[0])
        number = re.match("([1-4]):", self._key)
        if number and len(block.children) == _HEX:
            return block.children[int(f"{self._draw:04x}"[int(number[1]) - 1], _HEX)].values[0]
        return block.children[min(DRAWS.index(self._draw), len(block.children) - 1)].values[0]

    def _mapped(self, block: Directive) -> str:
        """Exact keys first, without case; then patterns in order; then the default."""
        source = self._text(block.values[0])
        entries = [(each.words[0].value, each.values[0]) for each in block.children]
        for key, value in entries:
            if key != "default" and not key.startswith("~") and key.lower() == source.lower():
                return self._text(value)
        for key, value in entries:
            found = _pattern(key).search(source) if key.startswith("~") else None
            if found:
                return self._text(value, found)
        return next((self._text(value) for key, value in entries if key == "default"), "")

    def _located(self, block: Directive) -> str:
        """The longest network that holds the address; the request's source counts as found behind all proxies."""
        address = ipaddress.ip_address(self._request.source)
        networks = [
            (ipaddress.ip_network(each.name, strict=False), each.values[0])
            for each in block.children
            if each.name[0].isdigit() or ":" in each.name
        ]
        inside = [(network.prefixlen, value) for network, value in networks if address in network]
        default = next((each.values[0] for each in block.children if each.name == "default"), "")
        return max(inside)[1] if inside else default

    def _builtin(self, name: str) -> str:
        request = self._request
        self.drew |= name == "$request_id"
        if name.startswith("$http_"):
            return next(self._headers(name.removeprefix("$http_")), "")
        known = {
            "$uri": request.path,
            "$args": "&".join(f"{key}={value}" for key, value in request.query),
            "$request_method": request.method,
            "$host": request.host,
            "$request_id": f"{self._draw:032x}",
            "$gm_claims": "".join(f"{key}={value}\n" for key, value in sorted(request.claims)),
        }
        return known.get(name, f"<{name}>")

    def _headers(self, name: str) -> Iterator[str]:
        if name == "cookie" and self._request.cookies:
            yield "; ".join(f"{key}={value}" for key, value in self._request.cookies)
        yield from (value for key, value in self._request.headers if key.lower().replace("-", "_") == name)


@lru_cache(maxsize=1024)
def _pattern(key: str) -> re.Pattern[str]:
    """nginx's pattern for Python: the end of the text has another name there."""
    return re.compile(key.removeprefix("~").replace(r"\z", r"\Z"))
