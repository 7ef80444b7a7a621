"""Istio: what is changed besides routes is noticed, and said in a sentence about the fact that is changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import pytest

from graymesh.kit.target import View
from graymesh.targets.istio.lower import SHARED_FILE
from graymesh.targets.istio.resources import service_entry
from graymesh.text import yaml_text
from tests.test_istio import ISTIO, applied, findings, of_kind, standing, written

Documents: TypeAlias = list[dict[str, Any]]


def after(case: str, change: Callable[[Documents], None], view: View | None = None) -> list[str]:
    """What verification says, each thing once, when somebody has changed the documents of the case's release."""
    view = view or standing(case)
    documents = copy.deepcopy(applied(view))
    change(documents)
    shared = {path: yaml_text(*each) for path, each in written(view).items() if path == SHARED_FILE}
    return list(dict.fromkeys(findings([view], {**shared, "release.yaml": yaml_text(*documents)})))


def spec_of(documents: Documents, kind: str) -> Any:
    """The first one's; of a release with public names, the VirtualService that has these."""
    return of_kind(documents, kind)[0]["spec"]


def gateways(*names: str) -> Callable[[Documents], None]:
    def change(documents: Documents) -> None:
        spec_of(documents, "VirtualService")["gateways"] = list(names)

    return change


SERVED = "the spec says gateway istio-system/public, mesh"


@pytest.mark.parametrize(
    ("names", "now"),
    [
        (["istio-system/public"], "gateway istio-system/public"),
        (["mesh"], "mesh"),
        ([], "mesh"),
        (["istio-system/private", "mesh"], "gateway istio-system/private, mesh"),
        (["public", "mesh"], "gateway default/public, mesh"),
        (["istio-system/public", "other/public", "mesh"], "gateway istio-system/public, gateway other/public, mesh"),
    ],
)
def test_where_a_host_is_served(names: list[str], now: str) -> None:
    wanted = [f"GM903 served.shop.example.com is {now} in istio, {SERVED}"]
    assert after("product-service", gateways(*names)) == wanted


def test_the_same_gateway_in_other_words() -> None:
    """Short names, and names that stand twice, mean what they meant."""
    assert after("product-service", gateways("istio-system/public", "mesh", "istio-system/public")) == []


def test_a_second_place_for_a_host() -> None:
    """Somebody adds an object of the same routes for another gateway: nothing is contradicted, but more is served."""

    def change(documents: Documents) -> None:
        second = copy.deepcopy(of_kind(documents, "VirtualService")[0])
        second["metadata"]["name"] = "second"
        second["spec"]["gateways"] = ["other/open"]
        documents.append(second)

    found = after("product-service", change)
    assert (
        "GM903 served.shop.example.com is gateway istio-system/public, gateway other/open, mesh in istio, " in found[0]
    )


def test_the_edge_s_two_objects_say_where_each_name_is_served() -> None:
    def change(documents: Documents) -> None:
        documents[1]["spec"]["gateways"], documents[2]["spec"]["gateways"] = ["mesh"], ["public", "other/edge"]
        for route in documents[2]["spec"]["http"]:
            for match in route["match"]:
                del match["port"]

    found = after("edge", change)
    assert [each.partition(" in istio")[0] for each in found if "basket.shop" in each] == [
        "GM903 served.basket.shop.svc.cluster.local is gateway other/edge, gateway shop/public",
        "GM903 ports.basket.shop.svc.cluster.local is not set",
    ]


@pytest.mark.parametrize(("port", "now"), [(None, "not set"), (9090, "9090")])
def test_the_port_that_is_released(port: int | None, now: str) -> None:
    """Without it, requests to the service's other ports would be sent to the released one."""

    def change(documents: Documents) -> None:
        for route in documents[2]["spec"]["http"]:
            for match in route["match"]:
                del match["port"]
                match.update({"port": port} if port else {})

    host = "product-service.default.svc.cluster.local"
    assert after("product-service", change) == [f"GM903 ports.{host} is {now} in istio, the spec says 8080"]


OWN = "GM903 gateway.default/mail is"
HTTPS = "443 HTTPS credentialName=mail-cert mode=SIMPLE for mail.example.com"


@pytest.mark.parametrize(
    ("path", "value", "now"),
    [
        (("port", "number"), 8443, "8443 HTTPS credentialName=mail-cert mode=SIMPLE for mail.example.com"),
        (("port", "protocol"), "HTTP", "443 HTTP credentialName=mail-cert mode=SIMPLE for mail.example.com"),
        (("tls", "credentialName"), "other", "443 HTTPS credentialName=other mode=SIMPLE for mail.example.com"),
        (("tls", "mode"), "MUTUAL", "443 HTTPS credentialName=mail-cert mode=MUTUAL for mail.example.com"),
        (("tls", "httpsRedirect"), True, "443 HTTPS credentialName=mail-cert httpsRedirect=true mode=SIMPLE for …"),
        (("bind",), "127.0.0.1", "443 HTTPS bind=127.0.0.1 credentialName=mail-cert mode=SIMPLE for mail.example.com"),
        (("hosts",), ["mail.example.com", "a.test"], "443 HTTPS credentialName=mail-cert mode=SIMPLE for a.test …"),
        (("hosts",), ["*"], "443 HTTPS credentialName=mail-cert mode=SIMPLE for *"),
    ],
)
def test_a_server_of_the_written_gateway(path: tuple[str, ...], value: Any, now: str) -> None:
    def change(documents: Documents) -> None:
        place = spec_of(documents, "Gateway")["servers"][0]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    found = after("own-gateway", change)
    assert any(each.startswith(f"{OWN} {now.removesuffix(' …').removesuffix('…')}") for each in found), found
    assert any(each.endswith(f"the spec says {HTTPS}") for each in found)


def test_a_gateway_for_another_host_serves_this_one_no_more() -> None:
    def change(documents: Documents) -> None:
        spec_of(documents, "Gateway")["servers"][0]["hosts"] = ["post.example.com"]

    found = after("own-gateway", change)
    assert "GM903 served.mail.example.com is mesh in istio, the spec says gateway default/mail, mesh" in found


@pytest.mark.parametrize(("field", "value"), [("name", "post"), ("namespace", "istio-system")])
def test_a_gateway_under_another_name(field: str, value: str) -> None:
    def change(documents: Documents) -> None:
        of_kind(documents, "Gateway")[0]["metadata"][field] = value

    assert f"{OWN} not set in istio, the spec says {HTTPS}" in after("own-gateway", change)


def test_a_gateway_on_other_pods() -> None:
    def change(documents: Documents) -> None:
        spec_of(documents, "Gateway")["selector"] = {"istio": "egressgateway"}

    assert after("own-gateway", change) == [
        "GM903 gateway.default/mail.pods is istio=egressgateway in istio, the spec says istio=ingressgateway"
    ]


def test_a_gateway_that_is_gone() -> None:
    def change(documents: Documents) -> None:
        documents[:] = [document for document in documents if document["kind"] != "Gateway"]

    assert f"{OWN} not set in istio, the spec says {HTTPS}" in after("own-gateway", change)


def test_another_port_in_every_destination_at_once() -> None:
    def change(documents: Documents) -> None:
        for route in spec_of(documents, "VirtualService")["http"]:
            for each in route["route"]:
                each["destination"]["port"]["number"] = 9090

    assert after("product-service", change) == ["GM903 port is 9090 in istio, the spec says 8080"]


def test_a_port_that_is_left_out_everywhere() -> None:
    def change(documents: Documents) -> None:
        for found in of_kind(documents, "VirtualService"):
            for route in found["spec"]["http"]:
                for each in route["route"]:
                    del each["destination"]["port"]

    assert after("product-service", change) == ["GM903 port is not set in istio, the spec says 8080"]


def address(documents: Documents) -> None:
    spec_of(documents, "ServiceEntry")["endpoints"][0]["address"] = "10.0.0.9"


def port(documents: Documents) -> None:
    spec_of(documents, "ServiceEntry")["endpoints"][2]["ports"]["http"] = 80


def left_out(documents: Documents) -> None:
    del spec_of(documents, "ServiceEntry")["endpoints"][1]


def moved(documents: Documents) -> None:
    spec_of(documents, "ServiceEntry")["endpoints"][2]["labels"] = {"version": "v1"}


def added(documents: Documents) -> None:
    spec_of(documents, "ServiceEntry")["endpoints"].append({"address": "10.0.0.7", "labels": {"version": "v2"}})


FIRST, SECOND = "10.0.0.1:2525, [2001:db8::1]:2525", "10.0.0.2:2526"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (address, [f"endpoints of v1 is 10.0.0.9:2525, [2001:db8::1]:2525 in istio, the spec says {FIRST}"]),
        (port, [f"endpoints of v2 is 10.0.0.2:80 in istio, the spec says {SECOND}"]),
        (left_out, [f"endpoints of v1 is 10.0.0.1:2525 in istio, the spec says {FIRST}"]),
        (
            moved,
            [
                f"endpoints of v1 is 10.0.0.1:2525, {SECOND}, [2001:db8::1]:2525 in istio, the spec says {FIRST}",
                f"endpoints of v2 is nothing in istio, the spec says {SECOND}",
            ],
        ),
        (added, [f"endpoints of v2 is {SECOND}, 10.0.0.7:25 in istio, the spec says {SECOND}"]),
    ],
)
def test_endpoints_of_a_service_entry(change: Callable[[Documents], None], found: list[str]) -> None:
    assert after("own-gateway", change) == [f"GM903 {each}" for each in found]


def test_endpoints_for_a_version_that_has_none() -> None:
    view = standing("own-gateway")
    first, second = view.release.versions
    bare = replace(view, release=replace(view.release, versions=(first, replace(second, endpoints=()))))
    assert after("own-gateway", lambda _: None, bare) == []
    assert after("own-gateway", added, bare) == ["GM903 endpoints of v2 is 10.0.0.7:25 in istio, the spec says nothing"]


def test_without_the_option_endpoints_are_no_matter_of_istio_s() -> None:
    view = standing("own-gateway")
    assert ("v1", "endpoints") in ISTIO.expected(view).settings
    without = replace(view, options={**view.options, "serviceEntry": False})
    assert ("v1", "endpoints") not in ISTIO.expected(without).settings
    assert after("own-gateway", lambda _: None, without) == []


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("ports", [{"number": 26, "name": "http", "protocol": "HTTP"}], "entry.port is 26 in istio, the spec says 25"),
        ("location", "MESH_EXTERNAL", "entry.location is MESH_EXTERNAL in istio, the spec says MESH_INTERNAL"),
        ("resolution", "DNS", "entry.resolution is DNS in istio, the spec says STATIC"),
        ("exportTo", ["*"], "placed.ServiceEntry is default for * in istio, the spec says default for . istio-system"),
    ],
)
def test_the_rest_of_a_service_entry(field: str, value: Any, found: str) -> None:
    def change(documents: Documents) -> None:
        spec_of(documents, "ServiceEntry")[field] = value

    assert after("own-gateway", change) == [f"GM903 {found}"]


@pytest.mark.parametrize(
    ("endpoint", "resolution"),
    [
        ("10.0.0.1:80", "STATIC"),
        ("[fd00::1]:80", "STATIC"),
        ("[abcd::1]:80", "STATIC"),
        ("mail.example.internal:80", "DNS"),
        ("abc:80", "DNS"),
        ("10.0.0.1.example:80", "DNS"),
        ("7-7:80", "DNS"),
    ],
)
def test_names_are_looked_up_and_addresses_are_not(endpoint: str, resolution: str) -> None:
    view = standing("own-gateway")
    first, second = view.release.versions
    view = replace(view, release=replace(view.release, versions=(replace(first, endpoints=(endpoint,)), second)))
    assert service_entry(view)["spec"]["resolution"] == resolution
    assert after("own-gateway", lambda _: None, view) == []


@pytest.mark.parametrize(
    ("kind", "field", "value", "now"),
    [
        ("VirtualService", "namespace", "other", "other"),
        ("VirtualService", "namespace", None, "left open"),
        ("DestinationRule", "namespace", None, "left open"),
        ("VirtualService", "exportTo", ["web"], "default for web"),
        ("DestinationRule", "exportTo", ["a", "b"], "default for a b"),
    ],
)
def test_where_objects_stand_and_who_sees_them(kind: str, field: str, value: Any, now: str) -> None:
    def change(documents: Documents) -> None:
        document = of_kind(documents, kind)[0]
        part = document["metadata" if field == "namespace" else "spec"]
        part[field] = value

    assert after("product-service", change) == [f"GM903 placed.{kind} is {now} in istio, the spec says default"]


def test_a_rule_in_another_namespace_holds_for_few() -> None:
    """Istio looks for rules in the caller's namespace, in the service's, and in the mesh's root."""

    def change(documents: Documents) -> None:
        of_kind(documents, "DestinationRule")[0]["metadata"]["namespace"] = "other"

    found = after("product-service", change)
    assert found[0].startswith("GM905 namespace: only callers in other see a rule for product-service.default.svc")


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("VirtualService", "exportTo: only default sees these routes, and gateway istio-system/public does not"),
        ("DestinationRule", "gateways: gateway istio-system/public does not see the DestinationRule"),
    ],
)
def test_routes_and_subsets_that_a_gateway_does_not_see(kind: str, says: str) -> None:
    """It answers 404 without the routes, 503 without the subsets."""

    def change(documents: Documents) -> None:
        spec_of(documents, kind)["exportTo"] = ["."]

    assert after("product-service", change)[0].startswith(f"GM905 {says}")


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("fromHeaders", [{"name": "x-token"}], "no release asks for 'https://id.example.com in header x-token'"),
        ("fromCookies", ["other"], "jwt.places is https://id.example.com in cookie other in istio, the spec says"),
    ],
)
def test_where_tokens_are_looked_for_is_what_all_releases_ask_for(field: str, value: Any, found: str) -> None:
    """A release finds its own place among others'; a place that nobody asks for is none of theirs."""
    view = standing("claims")
    files = written(view)
    (document,) = files["request-authentication.yaml"]
    document["spec"]["jwtRules"][0][field] = value
    said = findings([view], {path: yaml_text(*each) for path, each in files.items()})
    assert [each for each in said if found in each], said
