"""Holding decoded artifacts against releases: each way to differ is one finding, with a witness."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from graymesh.compile.verify import Discrepancy, labels_of, relabelled, request_for, verify
from graymesh.ir.release import (
    ALWAYS,
    Field,
    Kind,
    Lane,
    Mirror,
    OneOf,
    Policy,
    Regex,
    Release,
    Route,
    RouteTable,
    SetCookie,
    Share,
    Split,
    Test,
    Version,
)
from graymesh.ir.settings import SPEC_SETTINGS, SettingRow, relabel
from graymesh.kit.target import Capability, Decoded, Expected, Manifest, Refusal, Statement, View
from graymesh.kit.view import view

BETA = ((Test(Field(Kind.COOKIE, "beta"), OneOf(("1",))),),)


def only(version: str) -> Split:
    return Split((Share(version=version, basis_points=10_000),))


def split(**parts: int) -> Split:
    return Split(tuple(Share(version=name, basis_points=part) for name, part in parts.items()))


TABLE = RouteTable(
    (
        Route(name="beta", condition=BETA, split=only("v2"), origin=("spec", "routes", 0)),
        Route(name="everyone", condition=ALWAYS, split=split(v2=500, v1=9500), policy=Policy(timeout_ms=2000)),
    )
)
RELEASE = Release(
    name="shop",
    namespace="default",
    host="shop.default.svc",
    port=80,
    domains=("shop.example.com",),
    stable="v1",
    versions=(Version(name="v1", labels=()), Version(name="v2", labels=(), canary=True)),
    stage="gray-5",
    table=TABLE,
    facts={("v2", "limits.qps"): 500, ("", "outlier.interval.ms"): 10_000},
)
NATIVE = Capability(support="native")


@dataclass(frozen=True)
class FakeTarget:
    """A target that says everything and calls versions by names of its own."""

    routes: bool = True
    prefix: str = "engine-"
    features: tuple[str, ...] = ("cookie", "split", "timeout", "mirror", "limits", "outlier", "lane", "sticky")
    expects: dict[tuple[str, str], Any] = field(default_factory=dict)
    settings = SPEC_SETTINGS.joined(SettingRow(name=name, doc="") for name in ("sends.<header>", "gateway.routes"))

    @property
    def manifest(self) -> Manifest:
        return Manifest(
            name="fake",
            title="Fake",
            routes=self.routes,
            serves=("public", "internal"),
            roles=("alone", "edge", "follower"),
            writes=("*.yaml",),
            engine_versions=("1",),
            features=dict.fromkeys(self.features, NATIVE),
        )

    def expected(self, given: View) -> Expected:
        labels = {version.name: self.prefix + version.name for version in given.release.versions}
        return Expected(settings=self.expects or given.facts, labels=labels)


FAKE = FakeTarget()


def seen(release: Release = RELEASE, target: FakeTarget = FAKE) -> View:
    return view(release, target.manifest, {})


def faithful(target: FakeTarget = FAKE, release: Release = RELEASE) -> Statement:
    labels = labels_of(target, seen(release, target))  # type: ignore[arg-type]
    hosts = (*release.domains, release.host)
    return Statement(
        hosts[0],
        relabel(release.facts, labels),
        relabelled(release.table, labels),
        hosts,
        file="shop.yaml",
    )


def found(
    *services: Statement, refusals: tuple[Refusal, ...] = (), target: FakeTarget = FAKE, release: Release = RELEASE
) -> list[Discrepancy]:
    fleet = Decoded(services, refusals)
    return verify(target, [seen(release, target)], fleet, "rendered/fake")  # type: ignore[arg-type]


def codes(result: list[Discrepancy]) -> list[str]:
    return [each.diagnostic.code for each in result]


def with_routes(*routes: Route) -> Statement:
    labels = labels_of(FAKE, seen())  # type: ignore[arg-type]
    return replace(faithful(), table=relabelled(RouteTable(routes), labels))


def test_faithful_artifacts_give_nothing() -> None:
    assert found(faithful()) == []


class TestTraffic:
    def test_another_version(self) -> None:
        beta, everyone = TABLE.routes
        (each,) = found(with_routes(replace(beta, split=only("v1")), everyone))
        assert each.release == "default/shop"
        assert each.diagnostic.code == "GM901"
        assert each.diagnostic.path == ("spec", "routes", 0)
        assert "version v1 in fake, the spec says v2" in each.diagnostic.message
        assert 'cookie beta is "1"' in each.diagnostic.message
        assert each.diagnostic.help == "witness: curl -b beta=1 http://shop.example.com/"
        assert [note.file for note in each.diagnostic.notes] == ["rendered/fake/shop.yaml"]

    def test_other_shares(self) -> None:
        beta, everyone = TABLE.routes
        (each,) = found(with_routes(beta, replace(everyone, split=split(v2=600, v1=9400))))
        assert "version 6% v2 and 94% v1 in fake, the spec says 5% v2 and 95% v1" in each.diagnostic.message

    def test_a_route_left_out(self) -> None:
        (each,) = found(with_routes(TABLE.routes[1]))
        assert "version 5% v2 and 95% v1 in fake, the spec says v2" in each.diagnostic.message

    def test_nobody_takes_the_rest(self) -> None:
        (each,) = found(with_routes(TABLE.routes[0]))
        assert "version nobody (404) in fake" in each.diagnostic.message

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (Policy(), "timeout not set in fake, the spec says 2s"),
            (Policy(timeout_ms=2500), "timeout 2500ms in fake, the spec says 2s"),
            (
                Policy(timeout_ms=2000, mirror=Mirror("v2", 100)),
                "mirror 1% to v2 in fake, the spec says not set",
            ),
        ],
    )
    def test_another_policy(self, change: Policy, words: str) -> None:
        beta, everyone = TABLE.routes
        (each,) = found(with_routes(beta, replace(everyone, policy=change)))
        assert words in each.diagnostic.message

    def test_a_cookie_that_is_not_set(self) -> None:
        shares = (
            Share(version="v2", basis_points=500, buckets=((0, 3276),), set_cookie=SetCookie("try")),
            Share(version="v1", basis_points=9500, buckets=((3277, 65_535),), set_cookie=SetCookie("try")),
        )
        release = replace(RELEASE, table=RouteTable((replace(TABLE.routes[1], split=Split(shares)),)))
        (each,) = found(with_routes(TABLE.routes[1]), release=release)
        assert "ticket not set in fake" in each.diagnostic.message
        assert "a ticket in try for v2 and a ticket in try for v1" in each.diagnostic.message

    def test_another_order_of_a_draw_by_key(self) -> None:
        everyone = replace(TABLE.routes[1], split=replace(split(v2=500, v1=9500), key=Field(Kind.COOKIE, "uid")))
        turned = replace(everyone, split=replace(everyone.split, shares=everyone.split.shares[::-1]))
        (each,) = found(with_routes(turned), release=replace(RELEASE, table=RouteTable((everyone,))))
        words = "order of the draw 95% v1, 5% v2 in fake, the spec says 5% v2, 95% v1"
        assert words in each.diagnostic.message

    def test_what_cannot_be_decided_is_never_equal(self) -> None:
        wild = ((Test(Field(Kind.COOKIE, "beta"), Regex("(?=x)1")),),)
        beta, everyone = TABLE.routes
        assert codes(found(with_routes(replace(beta, condition=wild), everyone))) == ["GM902"]

    def test_one_finding_for_two_hosts_of_one_service(self) -> None:
        assert codes(found(with_routes(TABLE.routes[1]))) == ["GM901"]

    def test_each_host_s_service_is_compared(self) -> None:
        internal = replace(with_routes(TABLE.routes[1]), hosts=(RELEASE.host,))
        public = replace(faithful(), hosts=RELEASE.domains)
        (each,) = found(public, internal)
        assert "to shop.default.svc" in each.diagnostic.message

    def test_a_follower_is_held_to_the_lane_table(self) -> None:
        release = replace(RELEASE, lane=Lane(header="x-lane", edge="nginx"))
        assert codes(found(faithful(), release=release)) == ["GM901"]


class TestServices:
    def test_a_missing_host(self) -> None:
        (each,) = found(replace(faithful(), hosts=RELEASE.domains))
        assert each.diagnostic.code == "GM906"
        assert RELEASE.host in each.diagnostic.message
        assert each.diagnostic.path == ("metadata", "name")
        assert each.diagnostic.help == "a request it affects: curl -b beta=1 http://shop.default.svc/"

    def test_nothing_at_all(self) -> None:
        assert codes(found()) == ["GM906", "GM906"]

    def test_two_services_for_one_host(self) -> None:
        assert codes(found(faithful(), replace(faithful(), hosts=RELEASE.domains))) == ["GM904"]

    def test_two_scopes_are_two_places(self) -> None:
        assert found(replace(faithful(), scope="mesh"), replace(faithful(), scope="gateway a/b")) == []

    def test_the_scope_that_differs_is_named(self) -> None:
        (each,) = found(replace(faithful(), scope="mesh"), replace(with_routes(TABLE.routes[1]), scope="gateway a/b"))
        assert "(gateway a/b)" in each.diagnostic.message

    def test_a_stray_service(self) -> None:
        (each,) = found(faithful(), replace(faithful(), hosts=("old.example.com",), file="old.yaml"))
        assert each.release == ""
        assert (each.diagnostic.code, each.diagnostic.file) == ("GM904", "rendered/fake/old.yaml")
        assert "old.example.com" in each.diagnostic.message

    def test_a_stray_host_of_a_known_service(self) -> None:
        assert codes(found(replace(faithful(), hosts=(*faithful().hosts, "old.example.com")))) == ["GM904"]

    def test_what_the_decoder_refuses(self) -> None:
        refusal = Refusal(file="x.yaml", field="spec.tcp", message="not about HTTP", line=7)
        (each,) = found(faithful(), refusals=(refusal,))
        assert each.release == ""
        assert each.diagnostic.code == "GM905"
        assert (each.diagnostic.file, each.diagnostic.span.line) == ("rendered/fake/x.yaml", 7)
        assert each.diagnostic.message == "spec.tcp: not about HTTP"


class TestFacts:
    def changed(self, facts: dict[tuple[str, str], Any], target: FakeTarget = FAKE) -> list[Discrepancy]:
        return found(replace(faithful(), settings=facts), target=target)

    def test_another_value(self) -> None:
        facts = {("engine-v2", "limits.qps"): 400, ("", "outlier.interval.ms"): 90_000}
        qps, interval = self.changed(facts)
        assert qps.diagnostic.message == "limits.qps of v2 is 400 in fake, the spec says 500"
        assert qps.diagnostic.path == ("spec", "limits", "v2", "qps")
        assert "curl -b beta=1" in qps.diagnostic.help
        assert interval.diagnostic.message == "outlier.interval is 90s in fake, the spec says 10s"
        assert interval.diagnostic.path == ("spec", "resilience", "outlier", "interval")

    def test_an_empty_value_has_a_word(self) -> None:
        (each,) = self.changed({}, FakeTarget(expects={("", "sends.connection"): ""}))
        assert each.diagnostic.message == "sends.connection is not set in fake, the spec says empty"

    def test_one_that_is_missing(self) -> None:
        (each,) = self.changed({("engine-v2", "limits.qps"): 500})
        assert each.diagnostic.message == "outlier.interval is not set in fake, the spec says 10s"

    def test_one_that_nobody_asked_for(self) -> None:
        (each,) = self.changed({**faithful().settings, ("engine-v1", "limits.qps"): 5})
        assert each.diagnostic.message == "limits.qps of v1 is 5 in fake, the spec says nothing of the kind"

    def test_what_the_target_declares_not_to_know_is_not_held_against_it(self) -> None:
        target = FakeTarget(features=("cookie", "split", "timeout", "limits"))
        service = replace(faithful(target), settings={("engine-v2", "limits.qps"): 500, ("", "outlier.errors"): 5})
        assert found(service, target=target) == []

    def test_a_target_may_expect_facts_of_its_own(self) -> None:
        target = FakeTarget(expects={("v2", "gateway.routes"): ("a", "b")})
        assert codes(self.changed({("engine-v2", "gateway.routes"): ("a", "b")}, target)) == []
        assert codes(self.changed({("engine-v2", "gateway.routes"): ("a",)}, target)) == ["GM903"]
        assert codes(self.changed({}, target)) == ["GM903"]


class TestTargetsThatDoNotRoute:
    TARGET = FakeTarget(routes=False, prefix="")

    def service(self, **facts: Any) -> Statement:
        kept = {("v2", "limits.qps"): 500, ("", "outlier.interval.ms"): 10_000}
        return Statement("shop", {**kept, **facts})

    def test_matched_by_name(self) -> None:
        assert found(self.service(), target=self.TARGET) == []
        assert codes(found(replace(self.service(), subject="default/shop"), target=self.TARGET)) == []

    def test_a_stray_name(self) -> None:
        stray = replace(self.service(), subject="cart")
        assert codes(found(self.service(), stray, target=self.TARGET)) == ["GM904"]

    def test_missing_when_something_is_expected(self) -> None:
        (each,) = found(target=self.TARGET)
        assert each.diagnostic.code == "GM906"
        assert each.diagnostic.help == "a request it affects: curl -b beta=1 http://shop.example.com/"

    def test_a_release_without_rules_needs_no_file(self) -> None:
        assert found(target=self.TARGET, release=replace(RELEASE, facts={})) == []


def test_a_request_for_each_version() -> None:
    assert request_for(seen(), "v2").cookies == (("beta", "1"),)  # type: ignore[union-attr]
    assert request_for(seen(), "v1").cookies == ()  # type: ignore[union-attr]
    assert request_for(seen(), "v3") is None
