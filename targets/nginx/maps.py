"""The file that all releases share: maps, networks, draws, zones, and who answers requests for nobody.

The number of its maps grows with the kinds of questions, not with the releases: nginx takes up to a millisecond for
each map that it loads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from graymesh.targets.nginx import tree
from graymesh.targets.nginx.needs import ASK, Draw, Needs
from graymesh.targets.nginx.offers import OFFERS, WIDTH
from graymesh.targets.nginx.probes import CLAIMS, Family, Origin
from graymesh.targets.nginx.quoting import DOLLAR, Value, Variable
from graymesh.targets.nginx.servers import response_variable, zone
from graymesh.targets.nginx.tree import Argument, Directive, Item, Remark

PROGRAM: Final = "nginx/graymesh.js"
"""Where nginx finds the program that reads claims, from the folder of its own configuration."""

CHOICE: Final = Variable("gm_choice")
_NAMES_IN_A_HASH: Final = 256
_HASH_ENTRY: Final = 18
_HASH_BUCKET: Final = 64
_VARIABLES_IN_A_HASH: Final = 16
_VARIABLES_IN_WIDE_BUCKETS: Final = 256
"""Beside nginx's own: measured, the default of 64 bytes can be too little from 47 on, 128 were not up to 259."""

Entry = tuple[str | tree.Regex, Value]


def shared_items(needs: Needs) -> Iterator[Item]:
    """Everything that the servers need, sorted, so that the same releases give the same file."""
    yield Remark("Shared by all releases, written by graymesh.")
    yield from _hashes(needs)
    yield Remark()
    yield Directive("geo", ((Variable(DOLLAR),),), (Directive("default", ("$",)),))
    if needs.claims:
        yield from _claims()
    yield from _titled("What servers ask about a request: does the text hold what its first line says?", _asked(needs))
    yield from _titled("Where the client is.", map(_origin, sorted(needs.origins, key=lambda each: each.variable.name)))
    yield from _titled("Draws.", map(_draw, sorted(needs.draws, key=lambda each: each.variable.name)))
    yield from _titled("The first offer that holds, and what it stands for.", _chosen(needs))
    yield from _titled("Requests for names that no release has.", _nobody(needs))


def _titled(title: str, items: Iterator[Item]) -> Iterator[Item]:
    first = True
    for item in items:
        if first:
            yield from (Remark(), Remark(title))
        first = False
        yield item


def _hashes(needs: Needs) -> Iterator[Item]:
    """nginx fails on names that are longer than its buckets, and grumbles about many."""
    bucket = _HASH_BUCKET
    while bucket < needs.longest_host + _HASH_ENTRY:
        bucket *= 2
    if bucket > _HASH_BUCKET:
        yield Directive("server_names_hash_bucket_size", (str(bucket),))
    if needs.host_count > _NAMES_IN_A_HASH:
        yield Directive("server_names_hash_max_size", (_room(needs.host_count),))
    if needs.variables > _VARIABLES_IN_A_HASH:
        yield Directive("variables_hash_bucket_size", (str(2 * _HASH_BUCKET),))
    if needs.variables > _VARIABLES_IN_WIDE_BUCKETS:
        yield Directive("variables_hash_max_size", (_room(needs.variables),))


def _room(names: int) -> str:
    return str(1 << (4 * names).bit_length())


def _claims() -> Iterator[Item]:
    yield Remark()
    yield Remark("Claims choose versions; nobody has verified their signature here, so they grant nothing.")
    yield Directive("js_import", ("graymesh", "from", PROGRAM))
    yield Directive("js_set", ((CLAIMS,), "graymesh.claims"))


def _asked(needs: Needs) -> Iterator[Item]:
    for family, most in sorted(needs.families.items(), key=lambda each: each[0].name):
        for number in range(1, most + 1):
            yield _family(family, number)
    for number in range(1, needs.conjunctions + 1):
        entries: list[Entry] = [("1" * count, ("1",)) for count in range(2, needs.longest_conjunction + 1)]
        yield _map(Variable(f"{ASK}{number}"), Variable(f"gm_all_{number}"), entries, ("0",))


def _family(family: Family, number: int) -> Directive:
    return _map(family.question(number), family.answer(number), list(family.entries), family.default)


def _origin(origin: Origin) -> Directive:
    inside = [Directive("default", ("0",))]
    inside += [Directive("proxy", (network,)) for network in origin.trusted]
    inside += [Directive("proxy_recursive")] * bool(origin.trusted)
    inside += [Directive(network, ("1",)) for network in origin.networks]
    return Directive("geo", ((origin.variable,),), tuple(inside))


def _draw(draw: Draw) -> Directive:
    """The last part takes the rest, since 100% would miss the largest hash."""
    *parts, (_, last) = draw.parts
    lines = [Directive(f"{points / 100:g}%", (code,)) for points, code in parts]
    return Directive("split_clients", ((draw.key,), (draw.variable,)), (*lines, Directive("*", (last,))))


def _chosen(needs: Needs) -> Iterator[Item]:
    """An offer stands at a known place, so each has an expression of its own."""
    offers: list[Entry] = [
        (tree.Regex(rf"\A{_skipped(WIDTH * index)}1(.{{{WIDTH - 2}}})"), (Variable("1"),))
        for index in range(needs.offers)
    ]
    yield _map(OFFERS, CHOICE, offers, ("",))
    for name, versions in sorted(needs.by_version.items()):
        yield _by_version(name, versions)
    for slot, header in sorted(needs.response_headers):
        yield _answer(slot, header)
    if needs.cookies:
        cookies = [_cookie(number) for number in range(1, needs.cookies + 1)]
        yield _map(CHOICE, Variable("gm_set_cookie"), cookies, ("",))
    yield from _limits(needs)


def _skipped(characters: int) -> str:
    return f".{{{characters}}}" if characters else ""


def _cookie(number: int) -> Entry:
    return tree.Regex(rf"\A...c{number:03}"), (Variable(f"gm_mint_{number:03}"),)


def _answer(slot: int, header: str) -> Directive:
    """A version that says nothing leaves the upstream's own header alone."""
    ours = Variable(f"gm_response_{slot}")
    theirs = Variable("upstream_http_" + header.replace("-", "_"))
    return _map(ours, response_variable(slot, header), [("", (theirs,))], (ours,))


def _limits(needs: Needs) -> Iterator[Item]:
    for slot, rate in sorted(needs.limits):
        arguments: tuple[Argument, ...] = (f"zone={zone(slot, rate)}:1m", f"rate={rate}r/s")
        yield Directive("limit_req_zone", ((Variable(f"gm_limit_{slot}"),), *arguments))


def _by_version(name: str, versions: int) -> Directive:
    entries: list[Entry] = [
        (tree.Regex(rf"\Av{number:02}"), (Variable(f"{name}_{number:02}"),)) for number in range(1, versions + 1)
    ]
    return _map(CHOICE, Variable(name), entries, ("",))


def _map(subject: Variable, variable: Variable, entries: list[Entry], default: Value) -> Directive:
    lines = [Directive(key, (value,)) for key, value in entries]
    return Directive("map", ((subject,), (variable,)), (Directive("default", (default,)), *lines))


def _nobody(needs: Needs) -> Iterator[Item]:
    """Standing first, it takes what is for nobody, unless the operator has a default server of their own."""
    if needs.listens:
        addresses = [Directive("listen", (address,)) for address in sorted(needs.listens)]
        names = [Directive("server_name", ("_",)), Directive("server_tokens", ("off",))]
        yield Directive("server", (), (*addresses, *names, Directive("return", ("404",))))
