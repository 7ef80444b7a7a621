"""nginx files, anybody's → what they make nginx do. Written from the nginx manual and its source, not from `emit`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from graymesh.ir.release import Facts, Scalar
from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.target import Decoded, Files, Refusal, Statement
from graymesh.targets.nginx.allowed import MAIN, harmless
from graymesh.targets.nginx.decode_definitions import VERIFIED, Definitions
from graymesh.targets.nginx.decode_effects import Zone, read_zone
from graymesh.targets.nginx.decode_levels import INHERITED
from graymesh.targets.nginx.decode_listens import listens_of, names_of, spoken_at, understood_names
from graymesh.targets.nginx.decode_locations import set_anywhere
from graymesh.targets.nginx.decode_maps import READERS, CheckDefinition, ClaimsDefinition, Definition, variable_of
from graymesh.targets.nginx.decode_servers import NOT_FOUND, Decided, Http, decide, foreign
from graymesh.targets.nginx.decode_upstreams import Upstream, read_upstream
from graymesh.targets.nginx.syntax import Lines, ParsedDirective, SyntaxProblem, parse

_PROGRAMS: Final = (".js", ".mjs")
_OWN_PROGRAM: Final = Path(__file__).parent / "templates" / "graymesh.js"
_EVERYWHERE: Final = "*"


class _Named(NamedTuple):
    """A server with the names that reach it and its addresses (whether it is the default there), also in one text."""

    server: ParsedDirective
    hosts: tuple[str, ...]
    listens: Mapping[str, bool]
    scope: str
    understood: bool = True


@dataclass
class _Directives:
    """All files read so far; `undecided` when something stands in `http` that may change every server."""

    files: Files
    settings: dict[str, list[ParsedDirective]] = field(default_factory=dict)
    known: dict[str, Definition] = field(default_factory=dict)
    broken: dict[str, NotUnderstood] = field(default_factory=dict)
    upstreams: dict[str, Upstream] = field(default_factory=dict)
    zones: dict[str, Zone] = field(default_factory=dict)
    imports: dict[str, ParsedDirective] = field(default_factory=dict)
    scripts: list[ParsedDirective] = field(default_factory=list)
    servers: list[ParsedDirective] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    lines: dict[str, Lines] = field(default_factory=dict)
    undecided: bool = False

    def refuse(self, refused: NotUnderstood, where: ParsedDirective) -> None:
        """Notes what is not understood, with its line."""
        at = refused.where or where
        line = self.line(at.file, at.token)
        self.refusals.append(Refusal(file=at.file, field=refused.field, message=refused.message, line=line))

    def line(self, file: str, token: int) -> int:
        """The line of a token."""
        if file not in self.lines:
            self.lines[file] = Lines(self.files[file])
        return self.lines[file].of(token)


def decode(files: Files) -> Decoded:
    """What these files make nginx do; each holds either a whole configuration or what stands in its `http` block."""
    reading = _Directives(files)
    for path in sorted(files):
        if not path.endswith(_PROGRAMS):
            _read_file(reading, path)
    for directive in reading.scripts:
        _guarded(reading, directive, _script)
    services = () if reading.undecided else tuple(_services(reading))
    return Decoded(services, tuple(sorted(set(reading.refusals), key=lambda each: (each.file, each.line))))


def _read_file(reading: _Directives, path: str) -> None:
    try:
        directives = parse(reading.files[path], path)
    except SyntaxProblem as problem:
        line = reading.line(path, problem.token)
        reading.refusals.append(Refusal(file=path, field="syntax", message=str(problem), line=line))
        reading.undecided = True
        return
    if any(directive.name == "http" for directive in directives):
        for directive in directives:
            _read_main(reading, directive)
    else:
        for directive in directives:
            _guarded(reading, directive, _read)


def _read_main(reading: _Directives, directive: ParsedDirective) -> None:
    if directive.name == "http":
        for inner in directive.body or ():
            _guarded(reading, inner, _read)
    elif directive.name not in MAIN:
        reading.refuse(NotUnderstood(directive.name, "outside http"), directive)


def _guarded(reading: _Directives, directive: ParsedDirective, read: object) -> None:
    try:
        read(reading, directive)  # type: ignore[operator]
    except NotUnderstood as refused:
        reading.refuse(refused, directive)


def _read(reading: _Directives, directive: ParsedDirective) -> None:
    """One directive of the `http` block."""
    match directive.name:
        case "server":
            reading.servers.append(directive)
        case "upstream":
            _upstream(reading, directive)
        case "map" | "geo" | "split_clients":
            _definition(reading, directive)
        case "js_set":
            reading.scripts.append(directive)
        case "js_var":
            _verified(reading, directive)
        case "js_preload_object":
            _preload(reading, directive)
        case "js_import":
            if len(directive.arguments) == 3 and directive.arguments[1] != "from":
                raise NotUnderstood("js_import", "between the name and the file stands from")
            reading.imports[directive.arguments[0] if directive.arguments else ""] = directive
        case "limit_req_zone":
            name, zone = read_zone(directive)
            reading.zones[name] = zone
        case name if name in INHERITED:
            reading.settings.setdefault(name, []).append(directive)
        case _ if not harmless(directive):
            reading.undecided = True
            raise NotUnderstood(directive.name, "in http, where it may change every server")


def _definition(reading: _Directives, directive: ParsedDirective) -> None:
    name = variable_of(directive)
    if name in reading.known or name in reading.broken:
        reading.broken[name] = NotUnderstood(f"${name}", "defined twice, of which only the last counts", directive)
        raise reading.broken[name]
    try:
        reading.known[name] = READERS[directive.name](directive)
    except NotUnderstood as refused:
        reading.broken[name] = refused
        raise


def _upstream(reading: _Directives, directive: ParsedDirective) -> None:
    name = (directive.arguments or ("",))[0].lower()
    if name in reading.upstreams:
        reading.undecided = True
        raise NotUnderstood("upstream", f"{name} appears twice")
    reading.upstreams[name] = Upstream(name, (), {}, directive, understood=False)
    reading.upstreams[name] = read_upstream(directive)


def _script(reading: _Directives, directive: ParsedDirective) -> None:
    """Of programs only our own is understood, by its text."""
    name = variable_of(directive)
    module, _, function = (directive.arguments[1] if len(directive.arguments) == 2 else "").partition(".")
    imported = reading.imports.get(module)
    path = imported.arguments[2] if imported and len(imported.arguments) == 3 else ""
    files = {file.rpartition("/")[2]: text for file, text in reading.files.items()}
    text = files.get(path.rpartition("/")[2], "")
    if function not in ("claims", "verify") or text != _own_program():
        reading.broken[name] = NotUnderstood("js_set", f"${name} is made by a program that is not ours", directive)
        raise reading.broken[name]
    if name in reading.known:
        reading.broken[name] = NotUnderstood(f"${name}", "defined twice", directive)
        raise reading.broken[name]
    if function == "verify":
        reading.known[name] = CheckDefinition(name, reading.keys, directive)
    else:
        reading.known[name] = ClaimsDefinition(name, directive)


def _verified(reading: _Directives, directive: ParsedDirective) -> None:
    """A variable that programs write to; of ours only the one with a verified token's claims, empty at first."""
    name = variable_of(directive)
    if name != VERIFIED or len(directive.arguments) != 1 or name in reading.known:
        reading.broken[name] = NotUnderstood("js_var", f"${name} is for a program that is not ours", directive)
        raise reading.broken[name]
    reading.known[name] = ClaimsDefinition(name, directive, verified=True)


def _preload(reading: _Directives, directive: ParsedDirective) -> None:
    """A file that our program finds under a name of its own; nginx takes no name twice."""
    if len(directive.arguments) != 3 or directive.arguments[1] != "from" or directive.arguments[0] in reading.keys:
        raise NotUnderstood("js_preload_object", "it gives no new name to a file", directive)
    reading.keys[directive.arguments[0]] = directive.arguments[2]


@lru_cache(maxsize=1)
def _own_program() -> str:
    return _OWN_PROGRAM.read_text("utf-8")


def _services(reading: _Directives) -> Iterator[Statement]:
    definitions = Definitions(reading.known, reading.broken, set_anywhere(reading.servers))
    http = Http(definitions, reading.settings, reading.upstreams, reading.zones)
    decided_once = [(parts, _decided(reading, parts[0].server, http)) for parts in _named(reading)]
    served = [(named, decided) for parts, decided in decided_once if decided for named in parts]
    found = [(named, decided) for named, decided in served if not _for_nobody(named, decided)]
    used = {version for _, decided in found for version in decided.versions}
    idle, spoken = _idle(reading, used), spoken_at(reading.servers)
    for named, decided in found:
        hosts, file = named.hosts, named.server.file
        mine = [reading.upstreams[name.lower()] for name in decided.versions if name.lower() in reading.upstreams]
        try:
            listens = tuple(sorted(f"{place}{spoken.get(place, '')}" for place in named.listens))
            shown = _certificate(named.server, reading) if any(" ssl" in each for each in listens) else {}
            settings = {**_facts([*mine, *idle.get(file, ())], decided, listens), **shown}
        except NotUnderstood as refused:
            reading.refuse(refused, named.server)
        else:
            yield Statement(hosts[0], settings, decided.table, hosts, scope=named.scope, file=file)


def _for_nobody(named: _Named, decided: Decided) -> bool:
    """Does it answer 404, as nginx does for what is not there, to names that no server has?"""
    return named.hosts == (_EVERYWHERE,) and decided.table == NOT_FOUND


def _idle(reading: _Directives, used: set[str]) -> Mapping[str, list[Upstream]]:
    """Upstreams that get no requests, by file: versions beside the others, unless somebody unread may own them."""
    unclear = {refusal.file for refusal in reading.refusals}
    found: dict[str, list[Upstream]] = {}
    for upstream in reading.upstreams.values():
        if upstream.name not in used and upstream.where.file not in unclear:
            found.setdefault(upstream.where.file, []).append(upstream)
    return found


def _decided(reading: _Directives, server: ParsedDirective, http: Http) -> Decided | None:
    """What the server amounts to, None when that is nothing or not understood."""
    strange = list(foreign(server))
    for refused in strange:
        reading.refuse(refused, server)
    try:
        decided = None if strange else decide(server, http)
    except NotUnderstood as refused:
        reading.refuse(refused, server)
    except RecursionError:
        reading.refuse(NotUnderstood("server", "variables that depend on each other without end"), server)
    else:
        return decided if decided and decided.table.routes else None
    return None


def _certificate(server: ParsedDirective, reading: _Directives) -> Facts:
    """The files that a server takes its certificate and key from, its own or those of `http`."""
    facts: dict[tuple[str, str], Scalar] = {}
    for setting, name in (("tls.certificate", "ssl_certificate"), ("tls.key", "ssl_certificate_key")):
        own = [directive for directive in server.body or () if directive.name == name]
        files = [" ".join(directive.arguments) for directive in own or reading.settings.get(name, [])]
        facts |= {("", setting): " ".join(files)} if files else {}
    return facts


def _facts(upstreams: list[Upstream], decided: Decided, listens: tuple[str, ...]) -> Facts:
    """A lone server never goes out, so that one which is told nothing of failures agrees with all others."""
    told = [each for each in upstreams if each.facts or len(each.endpoints) + len(each.backups) > 1]
    for upstream in told:
        if upstream.facts != told[0].facts:
            raise NotUnderstood("upstream", "the versions' servers are told different things", upstream.where)
    endpoints = {(upstream.name, "endpoints"): upstream.endpoints for upstream in upstreams}
    backups = {(each.name, "fallback.servers"): each.backups for each in upstreams if each.backups}
    return {**(told[0].facts if told else {}), **endpoints, **backups, ("", "listen"): listens, **decided.facts}


def _named(reading: _Directives) -> Iterator[tuple[_Named, ...]]:
    """Each server that can be reached, with the names that reach it: in one part, or in two."""
    read = list(_read_names(reading))
    first = _defaults(read)
    taken: set[tuple[str, str]] = set()
    places: dict[str, set[str]] = {}
    addresses: dict[str, set[str]] = {}
    for each in read:
        for name in each.hosts:
            places.setdefault(name, set()).add(each.scope)
        for place in each.listens:
            addresses.setdefault(_port(place), set()).add(place)
    for each in read:
        mine = {(place, name) for place in each.listens for name in each.hosts}
        twice = sorted(name for _, name in mine & taken)
        taken |= mine
        if not each.understood:
            continue
        if twice:
            why = f"{twice[0] or 'no name'} belongs to an earlier server already"
            reading.refuse(NotUnderstood("server_name", why), each.server)
            continue
        apart = any(len(places[name]) > 1 for name in each.hosts)
        # what comes to one address of a port never reaches the servers of the port's other addresses
        apart = apart or any(addresses[_port(place)] - set(each.listens) for place in each.listens)
        parts = tuple(_parts(each, first, apart))
        if parts:
            yield parts


def _parts(named: _Named, first: Mapping[str, ParsedDirective], apart: bool) -> Iterator[_Named]:
    """The server where it takes every name, as the default, and where it takes only its own."""
    own = tuple(name for name in named.hosts if name not in ("", "_"))
    default = {place: is_said for place, is_said in named.listens.items() if first.get(place) is named.server}
    other = {place: is_said for place, is_said in named.listens.items() if place not in default}
    apart = apart or bool(default and other)
    for listens, hosts in ((default, (*own, _EVERYWHERE)), (other, own)):
        if listens and hosts:
            yield named._replace(hosts=hosts, listens=listens, scope=" ".join(sorted(listens)) if apart else "")


def _port(place: str) -> str:
    return place.rpartition(":")[2]


def _read_names(reading: _Directives) -> Iterator[_Named]:
    for server in reading.servers:
        listens: Mapping[str, bool] = {}
        try:
            listens = listens_of(server)
            yield _Named(server, names_of(server), listens, " ".join(sorted(listens)))
        except NotUnderstood as refused:
            # A server without names that are understood may still be the one for all other names.
            reading.refuse(refused, server)
            yield _Named(server, understood_names(server), listens, " ".join(sorted(listens)), understood=False)


def _defaults(servers: list[_Named]) -> dict[str, ParsedDirective]:
    """The server that takes what is for nobody, by address: the one that says so, else the first.

    Nobody knows when the addresses of some server are not understood.
    """
    found: dict[str, ParsedDirective] = {}
    if not all(each.listens for each in servers):
        return found
    for each in servers:
        for place in each.listens:
            found.setdefault(place, each.server)
    for each in servers:
        found |= {place: each.server for place, default in each.listens.items() if default}
    return found
