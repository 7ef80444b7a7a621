"""Route predicates as tests, one function for each factory; what a factory does stands in Spring's manual and source.

A predicate becomes alternatives, each a tuple of tests, of which one must hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import IPv6Network, ip_network
from typing import Final, TypeAlias

from graymesh.ir.release import Field, Kind, Matcher, Networks, OneOf, PathPrefix, Present, Regex, Test
from graymesh.kit.refusal import NotUnderstood
from graymesh.proof.regex import portable as portable_regex
from graymesh.targets.spring_cloud_gateway import header_values, patterns
from graymesh.targets.spring_cloud_gateway.shortcuts import Definition

Alternatives: TypeAlias = tuple[tuple[Test, ...], ...]

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
"""The methods that the Method predicate knows; any other word is accepted and never matches."""

_SEGMENTS = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()+,=:@-]+|\*|\{[A-Za-z_][A-Za-z0-9_]*\}))*/?")
_TOKENS = re.compile(r"\*|\{[^}]*\}|[^*{]+")
_HOST_COMPARES = "it compares letter case and port; only a regexp on the Host header can say a host"


@lru_cache(maxsize=8192)
def predicate(found: Definition) -> Alternatives:
    """The alternatives of one predicate. Raises NotUnderstood for what has no exact meaning."""
    reader = _READERS.get(found.name)
    if reader is None:
        raise NotUnderstood(
            found.name, _UNREADABLE.get(found.name, "there is no such predicate in Spring Cloud Gateway")
        )
    return reader(found)


def _header(found: Definition) -> Alternatives:
    arguments = found.named("header", "regexp")
    name = _given(found, arguments, "header").lower()
    if name == "host":
        return ((Test(Field(Kind.HOST), patterns.host(_given(found, arguments, "regexp"))),),)
    if name == "cookie":
        raise NotUnderstood("Header Cookie", "it sees all cookies as one text; the Cookie predicate sees each")
    regexp = arguments.get("regexp", "")
    if not regexp.strip():
        return ((Test(Field(Kind.HEADER, name), Present()),),)
    matcher = patterns.matcher(regexp, Kind.HEADER)
    if header_values.asks_for_comma(Regex(regexp)):
        raise NotUnderstood(f"Header {name}", f"{regexp!r} asks for a comma, at which Spring cuts a header line")
    if header_values.asks_for_quote(Regex(regexp)):
        raise NotUnderstood(f"Header {name}", f"{regexp!r} begins with a quote, which Spring drops from a value")
    return ((Test(Field(Kind.HEADER, name), matcher),),)


def _cookie(found: Definition) -> Alternatives:
    arguments = found.named("name", "regexp")
    name = _given(found, arguments, "name")
    return ((Test(Field(Kind.COOKIE, name), _filled(found, _given(found, arguments, "regexp"), Kind.COOKIE)),),)


def _query(found: Definition) -> Alternatives:
    arguments = found.named("param", "regexp")
    name = _given(found, arguments, "param")
    regexp = arguments.get("regexp", "")
    if not regexp.strip():
        raise NotUnderstood(f"Query {name}", "without a regexp it takes an empty value too; '.+' takes what is present")
    return ((Test(Field(Kind.QUERY, name), _filled(found, regexp, Kind.QUERY)),),)


def _method(found: Definition) -> Alternatives:
    words = found.gathered()
    unknown = next((word for word in words if word not in METHODS), None)
    if unknown is not None:
        raise NotUnderstood("Method", f"{unknown!r} is not a method that Spring knows; it never matches")
    return ((Test(Field(Kind.METHOD), OneOf(tuple(sorted(set(words))))),),)


def _path(found: Definition) -> Alternatives:
    values = found.gathered()
    slash = True
    if values[-1].lower() in ("true", "false"):
        slash = values.pop().lower() == "true"
    matchers = [_path_matcher(value, slash) for value in values]
    if not matchers:
        raise NotUnderstood("Path", "it has no pattern and never matches")
    exact = sorted({value for each in matchers if isinstance(each, OneOf) for value in each.values})
    others = [each for each in matchers if not isinstance(each, OneOf)]
    every: list[Matcher] = [*([OneOf(tuple(exact))] if exact else []), *others]
    if PathPrefix("/") in every:
        return ((),)
    return tuple((Test(Field(Kind.PATH), each),) for each in every)


def _path_matcher(pattern: str, slash: bool) -> Matcher:
    """One path pattern; with `slash`, a path with one more slash at its end is taken as well."""
    head = pattern.removesuffix("/**")
    if _SEGMENTS.fullmatch(head) is None or (head != pattern and (set("*{") & set(head) or head.endswith("/"))):
        raise NotUnderstood("Path", f"{pattern!r} is more than whole segments, {{name}}, * and a final /**")
    if head != pattern:
        return PathPrefix(head or "/")
    if not head:
        raise NotUnderstood("Path", "an empty pattern has no meaning here")
    optional = slash and not head.endswith("/")
    if "*" in head or "{" in head:
        # Measured: a star takes an empty last segment, a variable does not.
        text = "".join(_SEGMENT.get(token[0]) or portable_regex.literal(token) for token in _TOKENS.findall(head))
        return Regex(text + "/?" * optional)
    return OneOf((head, head + "/") if optional else (head,))


_SEGMENT: Final[Mapping[str, str]] = {"*": "[^/]*", "{": "[^/]+"}


def _remote_address(found: Definition) -> Alternatives:
    networks = {_network(found.name, value) for value in found.gathered()}
    return ((Test(Field(Kind.SOURCE), Networks(tuple(sorted(networks)))),),)


@lru_cache(maxsize=4096)
def _network(name: str, text: str) -> str:
    if "/" not in text and ":" in text:
        raise NotUnderstood(name, f"{text!r} has no mask, and Spring takes /32 for one; write /128")
    try:
        network = ip_network(text if "/" in text else f"{text}/32", strict=False)
    except ValueError:
        raise NotUnderstood(name, f"{text!r} is not a network; every argument counts as one") from None
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped:
        raise NotUnderstood(name, f"{text!r} takes nobody: Java turns such addresses into IPv4 ones")
    return str(network)


def _given(found: Definition, arguments: Mapping[str, str], field: str) -> str:
    value = arguments.get(field, "")
    if not value:
        raise NotUnderstood(f"{found.name}.{field}", "it is missing")
    return value


def _filled(found: Definition, regexp: str, kind: Kind) -> Matcher:
    matcher = patterns.matcher(regexp, kind)
    if portable_regex.matches_empty(regexp):
        raise NotUnderstood(found.name, f"{regexp!r} takes an empty value too, which counts as absent elsewhere")
    return matcher


_READERS: Final[Mapping[str, Callable[[Definition], Alternatives]]] = {
    "Header": _header,
    "Cookie": _cookie,
    "Query": _query,
    "Method": _method,
    "Path": _path,
    "RemoteAddr": _remote_address,
    "XForwardedRemoteAddr": _remote_address,
}

_UNREADABLE: Final[Mapping[str, str]] = {
    "After": "routes that depend on the time of day are not compared",
    "Before": "routes that depend on the time of day are not compared",
    "Between": "routes that depend on the time of day are not compared",
    "Host": _HOST_COMPARES,
    "ReadBody": "it reads the body",
    "CloudFoundryRouteService": "it reads the headers of another platform",
}
