"""Upstreams: groups of servers, and which of them the requests of a version reach."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from graymesh.ir.release import Facts
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.nginx.allowed import UPSTREAM
from graymesh.targets.nginx.decode_numbers import milliseconds
from graymesh.targets.nginx.syntax import ParsedDirective

_BACKEND: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_ADDRESS: Final = re.compile(r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_BACKUP: Final = "backup"
_WITHOUT_BACKUPS: Final = ("hash", "ip_hash", "random")
_ERRORS: Final = ("", "outlier.errors")
_EJECT: Final = ("", "outlier.eject.ms")


class Upstream(NamedTuple):
    """A group of servers: their addresses, and what they are told about failures.

    `backups` get requests when none of the others is left to try.
    """

    name: str
    endpoints: tuple[str, ...]
    facts: Facts
    where: ParsedDirective
    understood: bool = True
    backups: tuple[str, ...] = ()


def read_upstream(directive: ParsedDirective) -> Upstream:
    """An upstream as it stands in the file. Raises NotUnderstood."""
    endpoints: list[str] = []
    backups: list[str] = []
    told: set[tuple[tuple[tuple[str, str], int], ...]] = set()
    for line in directive.body or ():
        if line.name == "server":
            (backups if _BACKUP in line.arguments[1:] else endpoints).append(_endpoint(line))
            told.add(tuple(_parameters(line)))
        elif line.name not in UPSTREAM or not _kept(line):
            raise NotUnderstood(line.name, f"in the upstream {' '.join(directive.arguments)}", line)
    if len(told) != 1 or len(directive.arguments) != 1:
        raise NotUnderstood("upstream", "its servers are told different things, or there are none", directive)
    _check_backups(directive, endpoints, backups)
    facts = _failures(dict(told.pop()), len(endpoints) + len(backups))
    return Upstream(directive.arguments[0], tuple(sorted(endpoints)), facts, directive, backups=tuple(sorted(backups)))


def reached(address: str, upstreams: Mapping[str, Upstream], where: ParsedDirective, looked_up: bool) -> str:
    """The upstream that requests go to, by the name it has itself, or the address of a server. Raises NotUnderstood."""
    upstream = upstreams.get(address.lower())
    if upstream and not upstream.understood:
        raise NotUnderstood("proxy_pass", f"the upstream {upstream.name} is not understood", where)
    if upstream is None and not _BACKEND.fullmatch(address):
        raise NotUnderstood("proxy_pass", f"requests go to {address!r}", where)
    if upstream is None and not looked_up and not _ADDRESS.fullmatch(address):
        message = f"{address} is no upstream: without a resolver nginx answers 502 to requests for it"
        raise NotUnderstood("proxy_pass", message, where)
    return upstream.name if upstream else address


def _check_backups(directive: ParsedDirective, endpoints: list[str], backups: list[str]) -> None:
    """nginx does not start with backups alone, nor with any behind these ways to balance. Raises NotUnderstood."""
    balanced = next((line for line in directive.body or () if line.name in _WITHOUT_BACKUPS), None)
    if backups and balanced:
        raise NotUnderstood(balanced.name, "backup servers beside it are not understood", balanced)
    if backups and not endpoints:
        raise NotUnderstood("upstream", "all its servers are backups, so that nginx does not start", directive)


def _failures(told: Facts, servers: int) -> Facts:
    """What the parameters of its servers make an upstream do: 0 is never; nothing said is once, for 10 s."""
    if told.get(_ERRORS) == 0:
        return {}
    return told or ({_ERRORS: 1, _EJECT: 10_000} if servers > 1 else {})


def _kept(line: ParsedDirective) -> bool:
    """Is it another directive than `keepalive`, or a number of connections that nginx takes?"""
    return line.name != "keepalive" or re.fullmatch("0*[1-9][0-9]*", " ".join(line.arguments)) is not None


def _endpoint(line: ParsedDirective) -> str:
    address = line.arguments[0] if line.arguments else ""
    if not _BACKEND.fullmatch(address):
        raise NotUnderstood("server", f"{address!r} is not understood", line)
    return address if re.search(r":[0-9]+$", address) and not address.endswith("]") else f"{address}:80"


def _parameters(line: ParsedDirective) -> Iterator[tuple[tuple[str, str], int]]:
    for argument in line.arguments[1:]:
        name, _, value = argument.partition("=")
        if name == "max_fails" and value.isdigit():
            yield _ERRORS, int(value)
        elif name == "fail_timeout" and value:
            yield _EJECT, milliseconds(value, line)
        elif argument not in ("weight=1", _BACKUP):
            raise NotUnderstood("server", f"{argument} is not understood", line)
