"""Where a server listens, and the names for which it answers there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, ip_address
from typing import Final

from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.nginx.syntax import ParsedDirective

_HOST_NAME: Final = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_LISTEN: Final = re.compile(
    r"(?P<only_port>[0-9]{1,5})|(?P<host>[A-Za-z0-9.*-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
)
_NOBODY: Final = frozenset(["_", ""])


def names_of(server: ParsedDirective) -> tuple[str, ...]:
    """The host names that a server says it answers for, in lower case.

    Raises NotUnderstood for patterns of other kinds.
    """
    for directive in server.body or ():
        for name in directive.arguments if directive.name == "server_name" else ():
            if not _understood(name):
                raise NotUnderstood("server_name", f"{name} is not understood", directive)
    return understood_names(server) or ("",)


def understood_names(server: ParsedDirective) -> tuple[str, ...]:
    """Those of a server's host names that are understood, in lower case."""
    written = [directive.arguments for directive in server.body or () if directive.name == "server_name"]
    names = (each for arguments in written for name in arguments if _understood(name) for each in _both(name.lower()))
    return tuple(dict.fromkeys(names))


def _understood(name: str) -> bool:
    return name.lower() in _NOBODY or all(map(_HOST_NAME.fullmatch, _both(name.lower())))


def _both(name: str) -> list[str]:
    """The names that one with a dot in front stands for."""
    return [name[1:], f"*{name}"] if name.startswith(".") else [name]


def listens_of(server: ParsedDirective) -> dict[str, bool]:
    """The addresses on which a server listens: as `address:port` → whether it is the default there.

    Raises NotUnderstood.
    """
    found: dict[str, bool] = {}
    for directive in server.body or ():
        if directive.name == "listen":
            address, *words = directive.arguments or ("",)
            found[_address(address, directive)] = bool({"default_server", "default"} & set(words))
    return found or {"*:80": False}


def spoken_at(servers: Iterable[ParsedDirective]) -> Mapping[str, str]:
    """What is spoken at each address, in words: `ssl http2`, or nothing. Who says it there says it for all.

    `http2 on` speaks for one server alone, but is read like the older word: a client that wants HTTP/2 gets it.
    """
    found: dict[str, set[str]] = {}
    for server in servers:
        more = (
            {"http2"}
            if any(each.name == "http2" and each.arguments == ("on",) for each in server.body or ())
            else set()
        )
        for directive in server.body or ():
            text, *words = directive.arguments if directive.name == "listen" and directive.arguments else ("",)
            if _LISTEN.fullmatch(text):
                found.setdefault(_spelled(text, directive), set()).update(more, {"ssl", "http2"}.intersection(words))
    return {place: "".join(f" {word}" for word in ("ssl", "http2") if word in said) for place, said in found.items()}


def _spelled(text: str, where: ParsedDirective) -> str:
    try:
        return _address(text, where)
    except NotUnderstood:
        return text


def _address(text: str, where: ParsedDirective) -> str:
    """The address of a `listen` in one spelling: `*:80`, `127.0.0.1:80`, `[::1]:80`."""
    found = _LISTEN.fullmatch(text)
    if found is None:
        raise NotUnderstood("listen", f"{text!r} is not understood", where)
    host = found["host"] or "*"
    try:
        address = ip_address(host.strip("[]")) if host != "*" else None
    except ValueError as error:
        raise NotUnderstood("listen", f"{host} is looked up when nginx starts", where) from error
    shown = "*" if address in (None, IPv4Address(0)) else f"[{address}]" if address.version == 6 else str(address)
    return f"{shown}:{int(found['port'] or found['only_port'] or 80)}"
