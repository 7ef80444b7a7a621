"""gRPC to the service: what a location says to pass requests on, in the words of nginx's module for gRPC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from graymesh.targets.nginx.tree import Directive

_OF_HTTP_1: Final = frozenset(["Connection", "Upgrade"])
"""Headers of a connection in HTTP/1.1; HTTP/2 forbids them (RFC 9113, 8.2.2), and nginx takes them out itself."""


def in_grpc(directives: Iterable[Directive]) -> tuple[Directive, ...]:
    """The directives of `ngx_http_proxy_module` as those of `ngx_http_grpc_module`, which has one for each of ours."""
    return tuple(_translated(each) for each in directives if not _is_of_http_1(each))


def _is_of_http_1(directive: Directive) -> bool:
    header = directive.name == "proxy_set_header" and directive.arguments[0] in _OF_HTTP_1
    return directive.name == "proxy_http_version" or header


def _translated(directive: Directive) -> Directive:
    name = str(directive.name)
    if not name.startswith("proxy_"):
        return directive
    arguments = directive.arguments
    if name == "proxy_pass":
        upstream = arguments[0] if isinstance(arguments[0], tuple) else (arguments[0],)
        arguments = ((str(upstream[0]).replace("http://", "grpc://", 1), *upstream[1:]),)
    return directive._replace(name=f"grpc_{name.removeprefix('proxy_')}", arguments=arguments)
