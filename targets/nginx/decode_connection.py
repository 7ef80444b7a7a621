"""Headers that every proxy sets about a connection, and the values with which they say nothing else.

A value may come by way of maps and of a geo on the client's address: then each of their values must be such a one, and
which it is stands in the fact `sends.<header>`, in words. What proxies may say that a geo lists is told once, by a fact
of its own: `trustedProxies.headers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from graymesh.ir.release import Scalar
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.nginx.decode_maps import Definition, GeoDefinition, MapDefinition
from graymesh.targets.nginx.decode_values import Capture, Pieces, Raw, builtin, shown
from graymesh.targets.nginx.quoting import Variable

_DEEPEST: Final = 4
_HOST: Final = frozenset([(Raw("host"),), (Raw("plumbing", "http_host"),)])
_UPGRADE: Final[frozenset[Pieces]] = frozenset([(Raw("plumbing", "http_upgrade"),), ("websocket",), ()])

PLUMBING: Final[Mapping[str, frozenset[Pieces]]] = {
    "host": _HOST | {(Raw("plumbing", "proxy_host"),), (Raw("host"), Capture(2))},
    "connection": frozenset([(), ("upgrade",), ("keep-alive",), ("close",)]),
    "upgrade": _UPGRADE,
    "x-real-ip": frozenset([(Raw("source"),), (Raw("header", "x-real-ip"),)]),
    "x-forwarded-for": frozenset([(Raw("plumbing", "proxy_add_x_forwarded_for"),), (Raw("source"),)]),
    "x-forwarded-proto": frozenset([(Raw("plumbing", "scheme"),), (Raw("header", "x-forwarded-proto"),)]),
    "x-forwarded-host": _HOST | {(Raw("host"), Capture(2)), (Raw("header", "x-forwarded-host"),)},
    "x-forwarded-port": frozenset([(Raw("plumbing", "server_port"),), (Raw("header", "x-forwarded-port"),)]),
}


def harmless(name: str, value: Pieces, known: Mapping[str, Definition]) -> bool:
    """Is each value that the header may get one that says nothing but what the connection is?"""
    return all(_plain(each) in PLUMBING[name] for each in _outcomes(value, known, _DEEPEST))


class _ByProxy(NamedTuple):
    """A header that has one value from proxies in these networks, and another one from everybody else."""

    networks: tuple[str, ...]
    theirs: Pieces
    own: Pieces


def told(values: Mapping[str, Pieces], known: Mapping[str, Definition]) -> dict[tuple[str, str], Scalar]:
    """The facts about these headers; proxies stand apart where all headers that heed them heed the same ones."""
    by_proxy = {name: found for name, value in values.items() if (found := _by_proxy(value, known))}
    networks = {each.networks for each in by_proxy.values()}
    if len(networks) != 1:
        return {("", f"sends.{name}"): _in_words(value, known) for name, value in values.items()}
    facts: dict[tuple[str, str], Scalar] = {("", "trustedProxies.headers"): networks.pop()}
    for name, value in values.items():
        found = by_proxy.get(name)
        words = _in_words(value, known)
        if found:
            theirs, own = (_in_words(each, known) or "nothing" for each in (found.theirs, found.own))
            words = f"{{{theirs} from trusted proxies; else {own}}}"
        facts["", f"sends.{name}"] = words
    return facts


def _by_proxy(value: Pieces, known: Mapping[str, Definition]) -> _ByProxy | None:
    """A map with one line, on a geo that gives its key in some networks and nothing else but its default."""
    choice = _defined(value, known)
    proxies = _defined(choice.source, known) if isinstance(choice, MapDefinition) else None
    if not isinstance(choice, MapDefinition) or choice.patterns or len(choice.exact) != 1:
        return None
    if not isinstance(proxies, GeoDefinition) or proxies.trusted:
        return None
    ((key, theirs),) = choice.exact.items()
    inside, default = _networks(proxies)
    if list(inside) != [key] or default.lower() == key:
        return None
    return _ByProxy(tuple(sorted(inside[key])), theirs, choice.default)


def _defined(value: Pieces, known: Mapping[str, Definition]) -> Definition | None:
    only = value[0] if len(value) == 1 else None
    return known.get(only.name) if isinstance(only, Variable) else None


def _in_words(value: Pieces, known: Mapping[str, Definition]) -> str:
    """The value as a reader would write it; what a map gives as `{$http_upgrade: upgrade if ~…, else nothing}`."""
    return "".join(_told(piece, known, _DEEPEST) if isinstance(piece, Variable) else shown((piece,)) for piece in value)


def _outcomes(value: Pieces, known: Mapping[str, Definition], depth: int) -> Iterator[Pieces]:
    definition = _defined(value, known)
    if not isinstance(definition, MapDefinition) or not depth:
        yield value
        return
    for each in (definition.default, *definition.exact.values(), *(line.value for line in definition.patterns)):
        yield from _outcomes(each, known, depth - 1)


def _plain(value: Pieces) -> Pieces:
    try:
        return tuple(builtin(piece.name) if isinstance(piece, Variable) else piece for piece in value)
    except NotUnderstood:
        return value


def _told(variable: Variable, known: Mapping[str, Definition], depth: int) -> str:
    definition = known.get(variable.name)
    if isinstance(definition, MapDefinition) and depth:
        return _map_in_words(definition, known, depth - 1)
    if isinstance(definition, GeoDefinition) and not definition.trusted:
        return f"{{$remote_addr: {'; '.join(_geo_lines(definition))}}}"
    return f"${variable.name}"


def _geo_lines(definition: GeoDefinition) -> Iterator[str]:
    """`1 in 10.0.0.0/8; else 0`: the longest prefix holds, so that their order says nothing."""
    networks, default = _networks(definition)
    yield from (f"{value} in {' '.join(sorted(found))}" for value, found in sorted(networks.items()))
    yield f"else {default or 'nothing'}"


def _networks(definition: GeoDefinition) -> tuple[dict[str, set[str]], str]:
    """The networks of each value, and the value of all other addresses."""
    networks: dict[str, set[str]] = {}
    default = ""
    for entry in definition.entries:
        found = {each for tests in entry.condition for test in tests for each in getattr(test.matcher, "networks", ())}
        if found:
            networks.setdefault(shown(entry.value), set()).update(found)
        else:
            default = shown(entry.value)
    return networks, default


def _map_in_words(definition: MapDefinition, known: Mapping[str, Definition], depth: int) -> str:
    def words(value: Pieces) -> str:
        told = (_told(each, known, depth) if isinstance(each, Variable) else shown((each,)) for each in value)
        return "".join(told) or "nothing"

    lines = [f"{words(value)} if {key}" for key, value in definition.exact.items()]
    lines += [f"{words(line.value)} if {'~*' if line.caseless else '~'}{line.text}" for line in definition.patterns]
    return f"{{{words(definition.source)}: {'; '.join([*lines, f'else {words(definition.default)}'])}}}"
