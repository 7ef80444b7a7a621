"""What a release asks of its targets, where it asks, and what each of them cannot say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graymesh.diagnostic import Pointer
from graymesh.ir.features import FEATURES, test_feature
from graymesh.ir.release import Conjunction, Kind, Regex, Test
from graymesh.ir.settings import SPEC_SETTINGS
from graymesh.kit.target import Capability, Manifest
from graymesh.kit.view import role_of
from graymesh.language.case import Case
from graymesh.lint.finding import Finding

if TYPE_CHECKING:
    from graymesh.language.audiences import AudienceEntry

_KEYS = {
    Kind.HEADER: "headers",
    Kind.COOKIE: "cookies",
    Kind.QUERY: "query",
    Kind.CLAIM: "claims",
    Kind.PATH: "path",
    Kind.METHOD: "method",
    Kind.HOST: "host",
    Kind.SOURCE: "source",
}


@dataclass(frozen=True, slots=True)
class Use:
    """A feature that the release asks for at a place of its spec."""

    feature: str
    path: Pointer


@dataclass(frozen=True, slots=True)
class Missing:
    """A use that a target cannot say."""

    use: Use
    manifest: Manifest
    capability: Capability

    def finding(self, what: str) -> Finding:
        """The finding, in the target's own words about why and what instead."""
        why = f": {self.capability.why}" if self.capability.why else ""
        return Finding(
            path=self.use.path,
            message=f"{self.manifest.title} cannot do this ({what}){why}",
            help=self.capability.instead,
            targets=(self.manifest.name,),
        )


def missing(case: Case, code: str, uses: Iterator[Use]) -> Iterator[Missing]:
    """The uses that a deciding target among the case's cannot say, without those that the spec accepts under `code`."""
    wanted = list(uses)
    for manifest in case.targets:
        if decides(case, manifest) and not accepts(case, code, manifest.name):
            for use in wanted:
                if not manifest.can(use.feature):
                    yield Missing(use, manifest, manifest.capability(use.feature))


def missing_anywhere(case: Case, code: str, use: Use) -> Iterator[Missing]:
    """The same of every target that forwards requests, deciding or not: what is done behind an edge as well."""
    for manifest in case.targets:
        if manifest.routes and not manifest.can(use.feature) and not accepts(case, code, manifest.name):
            yield Missing(use, manifest, manifest.capability(use.feature))


def decides(case: Case, manifest: Manifest) -> bool:
    """Does the target choose versions by the full table, as the edge or because there is none?"""
    return manifest.routes and role_of(case.release, manifest) != "follower"


def accepts(case: Case, code: str, target: str) -> bool:
    """Does the spec give up what this code says about this target?"""
    entries = case.rollout.spec.accept if case.heeds_accept else ()
    return any(entry.code == code and entry.target in (None, target) for entry in entries)


def matcher_uses(case: Case) -> Iterator[Use]:
    """What the entries of the audiences in use ask for, and digits of an identity."""
    spec = case.rollout.spec
    used = {name for route in spec.routes for name in route.audience}
    for audience in sorted(used):
        for index, entry in enumerate(spec.audiences[audience]):
            path = ("spec", "audiences", audience, index)
            yield from _entry_uses(case, entry, path)
    yield from _beside_tickets(case)
    key = spec.sticky.key if spec.sticky else None
    if key and key.digits:
        yield Use(test_feature(Test(key.field, Regex(".*"))), ("spec", "sticky", "key"))


def policy_uses(case: Case) -> Iterator[Use]:
    """What guards, limits, resilience, mirror and faults ask for; one chosen target that can is enough."""
    spec = case.rollout.spec
    for version, name in case.release.facts:
        row = SPEC_SETTINGS.of(name)
        if FEATURES[row.feature][0] == "some":
            yield Use(row.feature, row.place_of_feature(version))
    resilience = spec.resilience
    if resilience and resilience.timeout_ms is not None:
        yield Use("timeout", ("spec", "resilience", "timeout"))
    if resilience and resilience.retries:
        yield Use("retries", ("spec", "resilience", "retries"))
        if resilience.retries.per_try_ms is not None:
            yield Use("retries.perTry", ("spec", "resilience", "retries", "perTry"))
    if spec.mirror:
        yield Use("mirror", ("spec", "mirror"))
    for index, route in enumerate(spec.routes):
        if route.fault:
            yield Use("fault", ("spec", "routes", index, "fault"))


def _entry_uses(case: Case, entry: AudienceEntry, path: Pointer) -> Iterator[Use]:
    tests: Conjunction = entry.tests()
    for test in tests:
        yield Use(test_feature(test), (*path, *written(case, path, test)))
    if sum(test.field.kind is Kind.COOKIE for test in tests) > 1:
        yield Use("cookie.several", (*path, "cookies"))


def _beside_tickets(case: Case) -> Iterator[Use]:
    """Where a share of an audience is drawn, its cookies are asked for together with the one that carries tickets."""
    spec = case.rollout.spec
    for index, route in enumerate(spec.routes if spec.sticky else ()):
        entries = [entry for name in route.audience for entry in spec.audiences[name]]
        if route.part_basis_points is not None and any(entry.cookies for entry in entries):
            yield Use("cookie.several", ("spec", "routes", index, "share"))


def audience_tests(case: Case) -> Iterator[tuple[Pointer, Test]]:
    """Every test of every audience, used or not, with the path of the entry in which it stands."""
    for name, entries in case.rollout.spec.audiences.items():
        for index, entry in enumerate(entries):
            yield from ((("spec", "audiences", name, index), test) for test in entry.tests())


def written(case: Case, path: Pointer, test: Test) -> Pointer:
    """The way from an entry to what it says about the test's field, in the letters of the spec."""
    key = _KEYS[test.field.kind]
    if not test.field.name:
        return (key,)
    data = case.source.data
    for step in (*path, key):
        data = data[step]
    name = next((name for name in data if name.lower() == test.field.name.lower()), test.field.name)
    return (key, name)
