"""What nginx tells the service of the client's connection: the host asked for, the client, and an upgrade.

A proxy that the spec trusts knows these better, so what it says is passed on; from anybody else they are overwritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from graymesh.targets.nginx.names import Names
from graymesh.targets.nginx.quoting import Value, Variable
from graymesh.targets.nginx.tree import Directive, Entry, Item, MapRegex, Remark, mapped

_UPGRADE: Final = Variable("gm_upgrade")
_CONNECTION: Final = Variable("gm_connection")
_HOST: Final = Variable("gm_host")
_WEBSOCKET: Final = MapRegex(r"\A(?i:websocket)\z")
_SAME_HOST: Final = MapRegex(r"\A([^ ]+) (?i:\1)\.?(:[0-9]+)\z")
"""The host that chose the server, and a Host header of the same name; beside an absolute URL it may have another."""


class Forwarded(NamedTuple):
    """Blocks of one release, and what its locations say by them."""

    items: tuple[Item, ...]
    directives: tuple[Directive, ...]


def shared_maps() -> Iterator[Item]:
    """The maps that are the same for all releases."""
    yield Remark()
    yield Remark("WebSockets may leave HTTP. Other upgrades (h2c) would take requests past these routes.")
    yield mapped((Variable("http_upgrade"),), _UPGRADE, ("",), [(_WEBSOCKET, ("websocket",))])
    yield mapped((Variable("http_upgrade"),), _CONNECTION, ("",), [(_WEBSOCKET, ("upgrade",))])
    yield Remark()
    yield Remark("The host that was asked for, with the port that the client wrote.")
    kept: Entry = (_SAME_HOST, (Variable("host"), Variable("2")))
    yield mapped((Variable("host"), " ", Variable("http_host")), _HOST, (Variable("host"),), [kept])


def forwarded(trusted: Sequence[str], names: Names) -> Forwarded:
    """Headers of the connection."""
    told: dict[str, Value] = {
        "X-Real-IP": (Variable("remote_addr"),),
        "X-Forwarded-Host": (_HOST,),
        "X-Forwarded-Port": (Variable("server_port"),),
        "X-Forwarded-Proto": (Variable("scheme"),),
    }
    items: list[Item] = []
    if trusted:
        proxy = names.own("from_proxy")
        networks = tuple(Directive(network, ("1",)) for network in trusted)
        items += [Remark(), Remark("Does the request come from a proxy that is trusted?")]
        items.append(Directive("geo", ((proxy,),), (Directive("default", ("0",)), *networks)))
        told = {name: _from_proxy(name, own, proxy, names, items) for name, own in told.items()}
    always: dict[str, Value] = {
        "Connection": (_CONNECTION,),
        "Upgrade": (_UPGRADE,),
        "Host": (_HOST,),
        "X-Forwarded-For": (Variable("proxy_add_x_forwarded_for"),),
    }
    said = {**always, **told}.items()
    return Forwarded(tuple(items), tuple(Directive("proxy_set_header", (name, value)) for name, value in said))


def _from_proxy(name: str, own: Value, proxy: Variable, names: Names, items: list[Item]) -> Value:
    """The header as a trusted proxy sent it, else our own word."""
    role = name.lower().replace("-", "_")
    variable = names.own(f"told_{role}")
    items.append(mapped((proxy,), variable, own, [("1", (Variable(f"http_{role}"),))]))
    return (variable,)
