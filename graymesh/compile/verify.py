"""Holds what artifacts were decoded to against what the releases say. Nothing here knows an engine.

For every host of every release: one decoded service, the same decision for every request, the same facts. Whatever is
missing, doubled, stray or not understood is a finding as well; "not decided" is never "equal".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from graymesh.diagnostic import Diagnostic, Note, Span
from graymesh.did_you_mean import listed, quoted
from graymesh.ir.release import Facts, Route, RouteTable, Scalar
from graymesh.ir.semantics import Request
from graymesh.ir.settings import SettingRows, relabel
from graymesh.ir.witness import as_command, in_words
from graymesh.ir.wording import first_difference, setting, value_in_words, why
from graymesh.kit.target import Decoded, Expected, Refusal, Statement, Target, View
from graymesh.proof.equivalence import Difference, UndecidableError, Undecided, compare, witness_for

Labels: TypeAlias = dict[str, str]
"""A release's versions → the names that the engine's artifacts have for them."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One finding; `release` is the key of the release whose spec it is placed in, "" when it has its own place."""

    release: str
    diagnostic: Diagnostic


def verify(target: Target, views: Sequence[View], fleet: Decoded, folder: str) -> list[Discrepancy]:
    """Every way in which the fleet differs from the views; `folder` is where the files stand, for messages.

    Codes: GM901 traffic differs, GM902 not decided, GM903 fact differs, GM904 stray or doubled service, GM905 not
    understood, GM906 missing. Raises UnknownSettingError for a fact that has no row.
    """
    for name in {name for statement in fleet.statements for _, name in statement.settings}:
        target.settings.of(name)
    check = _Check(target, fleet, folder)
    found = [Discrepancy("", check.not_understood(refusal)) for refusal in fleet.refusals]
    for view in views:
        found += [Discrepancy(view.release.key, diagnostic) for diagnostic in check.release(view)]
    return found + [Discrepancy("", diagnostic) for diagnostic in check.strays(views)]


def names_lost(
    target: Target, fleet: Decoded, folder: str, beside: Sequence[tuple[Target, View]]
) -> Iterator[Discrepancy]:
    """Rules of the targets beside this one that go by names which the fleet does not have, so that they never act.

    Code: GM908, one for each setting. Nothing is said where the fleet's names are not known.
    """
    for neighbour, view in beside if fleet.names is not None else ():
        lost: dict[tuple[str, str], list[str]] = {}
        for name, fact in sorted(neighbour.expected(view).names.items()):
            if name not in (fleet.names or ()):
                lost.setdefault(fact, []).append(name)
        for fact, names in lost.items():
            yield Discrepancy(
                view.release.key,
                _name_lost(target.manifest.name, neighbour.manifest.name, folder, fact, names, neighbour.settings),
            )


def _name_lost(
    name: str, neighbour: str, folder: str, fact: tuple[str, str], lost: Sequence[str], rows: SettingRows
) -> Diagnostic:
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    held = f"{neighbour} holds {setting(fact, rows)} by {quoted(lost[0])}{more}"
    return Diagnostic(
        code="GM908",
        message=f"{held}, and {name} has nothing with that name: the rule never acts",
        path=rows.of(fact[1]).place(fact[0]),
        notes=(Note((), f"{name} lacks {listed(lost)}", file=folder),),
        help=f"leave the names in {name} as they were compiled",
        targets=(neighbour, name),
    )


def labels_of(target: Target, view: View) -> Labels:
    """What the engine's artifacts call each version."""
    return _labels(view, target.expected(view))


def _labels(view: View, expected: Expected) -> Labels:
    return {version.name: expected.labels.get(version.name, version.name) for version in view.release.versions}


def relabelled(table: RouteTable, labels: Labels) -> RouteTable:
    """The same table under the engine's names for the versions."""
    if all(name == label for name, label in labels.items()):
        return table
    return RouteTable(tuple(_relabelled_route(route, labels) for route in table.routes))


def request_for(view: View, version: str, host: str = "") -> Request | None:
    """A request that the version gets; "" stands for any version and for any of the release's hosts.

    None when none is found.
    """
    for expected in (*view.tables, *view.companion):
        for index, route in enumerate(expected.table.routes):
            if (not host or host in expected.hosts) and (not version or version in route.receivers):
                request = _reaching(expected.table, index)
                if request:
                    return replace(request, host=request.host or host or expected.hosts[0])
    return None


def _concerned(request: Request | None) -> str:
    return f"a request it affects: {as_command(request)}" if request else ""


def _reaching(table: RouteTable, index: int) -> Request | None:
    try:
        return witness_for(table, index)
    except UndecidableError:
        return None


def _relabelled_route(route: Route, labels: Labels) -> Route:
    shares = tuple(replace(share, version=labels.get(share.version, share.version)) for share in route.split.shares)
    mirror = route.policy.mirror
    if mirror:
        mirror = replace(mirror, version=labels.get(mirror.version, mirror.version))
    return replace(route, split=replace(route.split, shares=shares), policy=replace(route.policy, mirror=mirror))


def _index(pairs: Iterable[tuple[str, Statement]]) -> Mapping[str, Sequence[Statement]]:
    found: dict[str, list[Statement]] = {}
    for name, service in pairs:
        found.setdefault(name, []).append(service)
    return found


def _entries(value: Scalar) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


class _Check:
    """One target's artifacts, ready to be held against views."""

    def __init__(self, target: Target, fleet: Decoded, folder: str) -> None:
        self.target, self.fleet, self.folder = target, fleet, folder
        self.name, self.manifest, self.settings = target.manifest.name, target.manifest, target.settings
        self._by_host = _index((host, said) for said in fleet.statements for host in said.hosts)
        self._by_subject = _index((said.subject, said) for said in fleet.statements if said.table is None)

    def release(self, view: View) -> Iterator[Diagnostic]:
        """What is wrong with one release."""
        asked = self.target.expected(view)
        labels = _labels(view, asked)
        yield from self._routes(view, labels)
        services, expected = self._services(view), relabel(asked.settings, labels)
        if services:
            yield from self._facts(view, expected, services, labels)
        elif expected and not view.tables:
            yield self._missing(view, view.release.name, request_for(view, ""))

    def strays(self, views: Sequence[View]) -> Iterator[Diagnostic]:
        """Services that no release asks for."""
        hosts = {host for view in views for table in view.tables for host in table.hosts}
        names = {name for view in views for name in (view.release.key, view.release.name)}
        for service in self.fleet.statements:
            known, told = (names, (service.subject,)) if service.table is None else (hosts, service.hosts)
            unknown = [each for each in told if each not in known]
            if unknown:
                message = f"{self.name} serves {', '.join(unknown)}, which no release of this project asks for"
                yield Diagnostic(code="GM904", message=message, targets=(self.name,), file=self._shown(service.file))
        yield from self._unasked(views)

    def _unasked(self, views: Sequence[View]) -> Iterator[Diagnostic]:
        """Entries of common lists that no release asks for, each where it is told first."""
        common = {row.name for row in self.settings if row.together}
        lists = [(key, said) for said in self.fleet.statements for key in said.settings if key[1] in common]
        strays: dict[tuple[tuple[str, str], str], Statement] = {}
        for key, said in lists:
            for entry in _entries(said.settings[key]):
                strays.setdefault((key, entry), said)
        for view in views if strays else ():
            for key, value in self.target.expected(view).settings.items():
                for entry in _entries(value):
                    strays.pop((key, entry), None)
        for key, said in lists:
            more = [entry for entry in _entries(said.settings[key]) if strays.get((key, entry)) is said]
            if more:
                message = f"{setting(key, self.settings)} in {self.name}: no release asks for {listed(more)}"
                file = self._shown(said.setting_files.get(key, said.file))
                yield Diagnostic(code="GM903", message=message, targets=(self.name,), file=file)

    def not_understood(self, refusal: Refusal) -> Diagnostic:
        """A part of an artifact that the decoder refuses."""
        line = max(refusal.line, 1)
        return Diagnostic(
            code="GM905",
            message=f"{refusal.field}: {refusal.message}",
            targets=(self.name,),
            file=self._shown(refusal.file),
            span=Span(line, 1, line, 1),
        )

    def _services(self, view: View) -> list[Statement]:
        """The release's services, each once: by its hosts, and by the release where no version is chosen."""
        found = [service for table in view.tables for host in table.hosts for service in self._by_host.get(host, ())]
        found += [
            service for name in (view.release.key, view.release.name) for service in self._by_subject.get(name, ())
        ]
        return list({id(service): service for service in found}.values())

    def _routes(self, view: View, labels: Labels) -> Iterator[Diagnostic]:
        for expected in view.tables:
            table, compared = relabelled(expected.table, labels), set[int]()
            for host in expected.hosts:
                services = self._by_host.get(host, ())
                if not services:
                    yield self._missing(view, host, request_for(view, "", host))
                yield from self._doubled(view, host, services)
                for service in services:
                    if id(service) not in compared:
                        compared.add(id(service))
                        yield from self._compared(view, table, service, host, labels)

    def _doubled(self, view: View, host: str, services: Sequence[Statement]) -> Iterator[Diagnostic]:
        scopes: dict[str, Statement] = {}
        for service in services:
            first = scopes.setdefault(service.scope, service)
            if first is not service:
                where = f" in {service.scope}" if service.scope else ""
                message = f"{self.name} decides twice for {host}{where}: only one of them can take effect"
                notes = tuple(Note((), "it is decided here", file=self._shown(each.file)) for each in (first, service))
                yield self._of(view, "GM904", message, notes=notes)

    def _compared(
        self, view: View, table: RouteTable, service: Statement, host: str, labels: Labels
    ) -> Iterator[Diagnostic]:
        result = compare(table, service.decision, self.manifest.unseen)
        where = f" ({service.scope})" if service.scope else ""
        if isinstance(result, Undecided):
            message = f"not decided whether {self.name}{where} routes {host} as the spec says: {result.reason}"
            yield self._of(view, "GM902", message, notes=self._note(service, "what was compared"))
        elif isinstance(result, Difference):
            yield self._difference(view, result, service, host, labels)

    def _difference(self, view: View, result: Difference, service: Statement, host: str, labels: Labels) -> Diagnostic:
        names = {label: name for name, label in labels.items()}
        request = replace(result.request, host=result.request.host or host)
        aspect, said, done = first_difference(result.left, result.right, names)
        where = f" ({service.scope})" if service.scope else ""
        spec = f"the spec says {said} ({why(result.left)})"
        message = f"{in_words(request)}: {aspect} {done} in {self.name}{where}, {spec}"
        notes = self._note(service, f"what {self.name} goes by: {why(result.right)}")
        path = result.left.route.origin if result.left.route else ()
        return self._of(view, "GM901", message, path=path, notes=notes, help=f"witness: {as_command(request)}")

    def _facts(
        self, view: View, expected: Facts, services: Sequence[Statement], labels: Labels
    ) -> Iterator[Diagnostic]:
        found = [(key, value, service) for service in services for key, value in service.settings.items()]
        seen = {key for key, _, _ in found}
        for key, value, service in found:
            if not self._agree(key, expected, value) and (key in expected or self._ours(key[1])):
                where = self._note(service, "where it is set", service.setting_files.get(key, ""))
                yield self._fact(view, key, expected, value_in_words(key[1], value, self.settings), labels, where)
        for key in expected:
            if key not in seen:
                yield self._fact(view, key, expected, "not set", labels, ())

    def _agree(self, key: tuple[str, str], expected: Facts, found: Scalar) -> bool:
        """Is it what the spec says, or a list of what all releases ask for that has the release's own entries?"""
        said = expected.get(key)
        if self.settings.of(key[1]).together and isinstance(said, tuple) and isinstance(found, tuple):
            return set(said) <= set(found)
        return said == found

    def _ours(self, name: str) -> bool:
        """Is it for us to say, or something that the target declares not to know?"""
        feature = self.settings.of(name).feature
        return not feature or self.manifest.can(feature)

    def _fact(
        self,
        view: View,
        key: tuple[str, str],
        expected: Facts,
        found: str,
        labels: Labels,
        notes: tuple[Note, ...],
    ) -> Diagnostic:
        version = next((name for name, label in labels.items() if label == key[0]), key[0])
        said = value_in_words(key[1], expected[key], self.settings) if key in expected else "nothing of the kind"
        message = f"{setting((version, key[1]), self.settings)} is {found} in {self.name}, the spec says {said}"
        path = self.settings.of(key[1]).place(version)
        return self._of(view, "GM903", message, path=path, notes=notes, help=_concerned(request_for(view, version)))

    def _missing(self, view: View, what: str, request: Request | None) -> Diagnostic:
        understood = " that is understood" if self.fleet.refusals else ""
        message = f"no file of {self.name} in {self.folder}{understood} says anything about {what}"
        return self._of(view, "GM906", message, help=_concerned(request))

    def _of(
        self,
        view: View,
        code: str,
        message: str,
        path: tuple[str | int, ...] = (),
        notes: tuple[Note, ...] = (),
        help: str = "",
    ) -> Diagnostic:
        path = path or ("metadata", "name")
        return Diagnostic(code=code, message=message, path=path, notes=notes, help=help, targets=(self.name,))

    def _note(self, service: Statement, message: str, file: str = "") -> tuple[Note, ...]:
        file = file or service.file
        return (Note((), message, file=self._shown(file)),) if file else ()

    def _shown(self, file: str) -> str:
        return f"{self.folder}/{file}"
