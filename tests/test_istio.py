"""Istio: what is written is what was meant, and is what Istio's own schemas take.

`istio/write/<case>/` holds specs, with the target's options beside them where they have some.
"""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from graymesh.compile.verify import verify
from graymesh.ir.release import (
    Absent,
    Field,
    Kind,
    Matcher,
    OneOf,
    PathPrefix,
    Prefix,
    Present,
    Regex,
    Suffix,
    Test,
)
from graymesh.kit.registry import target
from graymesh.kit.target import View
from graymesh.kit.view import view
from graymesh.language.model import parse_rollout
from graymesh.language.options import effective
from graymesh.language.resolve import resolve, stages
from graymesh.source import load
from graymesh.targets.istio.claims import Claims
from graymesh.targets.istio.matches import matches
from graymesh.text import yaml_text

DATA = Path(__file__).parent / "istio"
CASES = sorted(folder.name for folder in (DATA / "write").iterdir())
ISTIO = target("istio")
MESH_CLAIMS = Claims("https://id.example.com", at_gateway=False)


def views_of(case: str) -> Iterator[View]:
    """The case's release as Istio must enforce it, at each of its stages."""
    folder = DATA / "write" / case
    text = (folder / "spec.yaml").read_text(encoding="utf-8")
    rollout, problems = parse_rollout(load(text, f"{case}/spec.yaml"))
    assert rollout is not None, problems
    options = folder / "options.yaml"
    chosen = yaml.safe_load(options.read_text(encoding="utf-8")) if options.is_file() else {}
    for stage in stages(rollout) or (None,):
        yield view(resolve(rollout, stage), ISTIO.manifest, effective(ISTIO.manifest, chosen))


@lru_cache(maxsize=16)
def standing(case: str) -> View:
    """The view at the stage where the case stands; at the first one where it names none."""
    folder = DATA / "write" / case
    stage = yaml.safe_load((folder / "spec.yaml").read_text(encoding="utf-8"))["spec"].get("stage")
    found = list(views_of(case))
    return next((each for each in found if each.release.stage == stage), found[0])


def written(*views: View) -> dict[str, list[dict[str, Any]]]:
    """The documents of each file."""
    return {path: list(yaml.safe_load_all(text)) for path, text in ISTIO.emit(ISTIO.lower(views)).items()}


def findings(views: list[View], files: dict[str, str]) -> list[str]:
    """What verification says about the files."""
    found = verify(ISTIO, views, ISTIO.decode(files), "istio")
    return [f"{each.diagnostic.code} {each.diagnostic.message}" for each in found]


def applied(view: View) -> list[dict[str, Any]]:
    """A release's own documents, in the order in which `kubectl apply` on the folder takes them."""
    files = written(view)
    return [
        document for path in sorted(files) if path.startswith(f"{view.release.namespace}.") for document in files[path]
    ]


def of_kind(documents: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [document for document in documents if document["kind"] == kind]


@pytest.mark.parametrize("case", CASES)
def test_reading_back_gives_what_was_meant(case: str) -> None:
    for each in views_of(case):
        assert findings([each], ISTIO.emit(ISTIO.lower([each]))) == []


def test_releases_share_one_place_for_tokens() -> None:
    views = [standing(case) for case in CASES if case not in ("edge", "follower")]
    assert findings(views, ISTIO.emit(ISTIO.lower(views))) == []


def test_the_same_bytes_in_any_order() -> None:
    views = [standing(case) for case in CASES]
    assert ISTIO.emit(ISTIO.lower(views)) == ISTIO.emit(ISTIO.lower(views[::-1]))


@pytest.mark.parametrize("case", CASES)
def test_istio_takes_every_field(case: str) -> None:
    for each in views_of(case):
        for documents in written(each).values():
            for document in documents:
                schema_of(document["kind"]).validate(document)


@lru_cache(maxsize=16)
def schema_of(kind: str) -> jsonschema.Draft202012Validator:
    """The kind's CRD schema, in which no other fields are allowed than those that it names."""
    schema = json.loads((ISTIO.folder / "schema" / f"{kind}.json").read_text(encoding="utf-8"))
    schema["properties"].update(
        apiVersion={"enum": [versions(kind)]}, kind={"const": kind}, metadata={"type": "object"}
    )
    return jsonschema.Draft202012Validator(closed(schema))


def versions(kind: str) -> str:
    return ("security" if kind == "RequestAuthentication" else "networking") + ".istio.io/v1"


def closed(schema: Any) -> Any:
    """The schema without room for unknown fields."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    tight = {key: closed(value) for key, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        tight.setdefault("additionalProperties", False)
    return tight


def test_the_schema_test_can_fail() -> None:
    documents = applied(standing("policies"))
    document = of_kind(documents, "VirtualService")[0]
    document["spec"]["http"][0]["timeOut"] = "2s"
    with pytest.raises(jsonschema.ValidationError):
        schema_of("VirtualService").validate(document)


@pytest.mark.parametrize("case", CASES)
def test_what_is_named_comes_before_what_names_it(case: str) -> None:
    """`kubectl apply` on a folder takes files by their names, and each from top to bottom."""
    order = ["ServiceEntry", "DestinationRule", "Gateway", "VirtualService"]
    for each in views_of(case):
        steps = [order.index(document["kind"]) for document in applied(each)]
        assert steps == sorted(steps)


def test_destinations_and_routes_are_files_of_their_own() -> None:
    files = written(standing("product-service"))
    kinds = {path: [document["kind"] for document in documents] for path, documents in files.items()}
    assert kinds == {
        "default.product-service.destinations.yaml": ["DestinationRule"],
        "default.product-service.routes.yaml": ["VirtualService"] * 2,
    }
    (rule,) = files["default.product-service.destinations.yaml"]
    assert [subset["name"] for subset in rule["spec"]["subsets"]] == ["v1", "v2"]


def test_segments_of_buckets() -> None:
    """One destination per segment; at 5% only the first one is the canary's."""
    documents = applied(standing("product-service"))
    everyone = documents[1]["spec"]["http"][-1]
    assert "match" not in everyone
    drawn = [
        (each["destination"]["subset"], each["weight"], each["headers"]["response"]["add"]["set-cookie"].split(";")[0])
        for each in everyone["route"]
    ]
    assert drawn == [
        ("v2", 5, "gray-bucket=0499"),
        ("v1", 15, "gray-bucket=1999"),
        ("v1", 30, "gray-bucket=4999"),
        ("v1", 50, "gray-bucket=9999"),
    ]


def test_weights_below_a_percent_are_basis_points() -> None:
    documents = applied(standing("edge"))
    everyone = documents[1]["spec"]["http"][-1]
    assert [each["weight"] for each in everyone["route"]] == [1234, 8766]


def test_the_edge_decides_at_gateways_and_follows_in_the_mesh() -> None:
    documents = applied(standing("edge"))
    public, internal = of_kind(documents, "VirtualService")
    assert public["spec"]["hosts"] == ["basket.example.com", "www.basket.example.com"]
    assert public["spec"]["gateways"] == ["public", "other/edge"]
    assert "gateways" not in internal["spec"]
    assert internal["spec"]["hosts"] == ["basket.shop.svc.cluster.local"]
    assert internal["spec"]["http"][0]["match"] == [{"port": 8080, "headers": {"x-gray-lane": {"exact": "v2"}}}]
    lanes = [
        each["headers"]["request"]["set"]["x-gray-lane"] for route in public["spec"]["http"] for each in route["route"]
    ]
    assert lanes == ["v2", "v2", "v1"]


def test_without_gateways_everything_is_served_in_the_mesh() -> None:
    edge = standing("edge")
    alone = View(
        release=edge.release, role=edge.role, tables=edge.tables, facts=edge.facts, options=effective(ISTIO.manifest)
    )
    documents = applied(alone)
    assert all("gateways" not in each["spec"] for each in of_kind(documents, "VirtualService"))
    assert findings([alone], ISTIO.emit(ISTIO.lower([alone]))) == []


def test_claims_are_the_token_s_own_at_a_gateway_and_a_header_s_in_the_mesh() -> None:
    files = written(standing("claims"))
    outside, inside = of_kind(files["default.notes.routes.yaml"], "VirtualService")
    (first, second, third) = outside["spec"]["http"][0]["match"]
    assert set(first["headers"]) == {f"@request.auth.claims[{name}]" for name in ("Group", "iss", "tier")}
    assert second == {
        "headers": {"x-new": {"regex": ".+"}},
        "withoutHeaders": {"@request.auth.claims[tier]": {"regex": ".+"}},
    }
    # tokens of other issuers hold no claim of this one
    (issuer,) = (value for key, value in first["headers"].items() if "iss" in key)
    assert third == {"headers": second["headers"], "withoutHeaders": {"@request.auth.claims[iss]": issuer}}
    (rule,) = files["request-authentication.yaml"][0]["spec"]["jwtRules"]
    headers = {each["header"]: each["claim"] for each in rule["outputClaimToHeaders"]}
    assert headers.keys() == inside["spec"]["http"][0]["match"][0]["headers"].keys()
    assert sorted(headers.values()) == ["Group", "tier"]
    assert rule["forwardOriginalToken"] is True


def test_followers_verify_no_tokens() -> None:
    assert list(written(standing("follower"))) == ["shop.cart.destinations.yaml", "shop.cart.routes.yaml"]


def test_percentages_are_always_written() -> None:
    documents = applied(standing("policies"))
    first, everyone = (route for route in documents[1]["spec"]["http"] if not route["name"].endswith(".once"))
    assert first["fault"] == {
        "delay": {"percentage": {"value": 12.5}, "fixedDelay": "1500ms"},
        "abort": {"percentage": {"value": 0.57}, "httpStatus": 503},
    }
    assert everyone["mirrorPercentage"] == {"value": 7.25}
    assert everyone["retries"]["retryOn"] == "504,deadline-exceeded,gateway-error,refused-stream,reset,unavailable"


PATH, HOST, METHOD = Field(Kind.PATH), Field(Kind.HOST), Field(Kind.METHOD)


@pytest.mark.parametrize(
    ("field", "matcher", "expected"),
    [
        (PATH, PathPrefix("/a"), [{"uri": {"exact": "/a"}}, {"uri": {"prefix": "/a/"}}]),
        (PATH, PathPrefix("/"), []),
        (PATH, Present(), []),
        (PATH, Absent(), None),
        (METHOD, OneOf(("GET", "PUT")), [{"method": {"exact": "GET"}}, {"method": {"exact": "PUT"}}]),
        (HOST, OneOf(("a.b",)), [{"authority": {"regex": r"(?i)(?:a\.b)(?::[0-9]*)?"}}]),
        (HOST, Prefix("a"), [{"authority": {"regex": r"(?i)(?:a[^:]*)(?::[0-9]*)?"}}]),
        (HOST, Regex("[a-z]+.b"), [{"authority": {"regex": r"(?i)(?:[a-z]+[^:]b)(?::[0-9]*)?"}}]),
        (HOST, Suffix(".b"), [{"authority": {"regex": r"(?i)(?:[^:]*\.b)(?::[0-9]*)?"}}]),
        (PATH, Suffix(".b"), [{"uri": {"regex": r".*\.b"}}]),
        (Field(Kind.COOKIE, "c"), Suffix("b"), [{"headers": {"cookie": {"regex": r"(?:.*;\s*)?c=[^;]*b(?:\s*;.*)?"}}}]),
        (Field(Kind.QUERY, "q"), Suffix("b"), [{"queryParams": {"q": {"regex": ".*b"}}}]),
        (Field(Kind.HEADER, "x-a"), Suffix("b"), [{"headers": {"x-a": {"regex": ".*b"}}}]),
        (Field(Kind.HEADER, "x-a"), Present(), [{"headers": {"x-a": {"regex": ".+"}}}]),
        (Field(Kind.HEADER, "x-a"), Absent(), [{"withoutHeaders": {"x-a": {"regex": ".+"}}}]),
        (Field(Kind.QUERY, "q"), Prefix("a."), [{"queryParams": {"q": {"regex": r"a\..*"}}}]),
    ],
)
def test_matches(field: Field, matcher: Matcher, expected: list[dict[str, Any]] | None) -> None:
    assert matches(((Test(field, matcher),),), MESH_CLAIMS) == expected


def test_several_cookies_are_matched_under_several_names() -> None:
    names = [Test(Field(Kind.COOKIE, name), Present()) for name in "abc"]
    found = matches((tuple(names),), MESH_CLAIMS)
    assert found is not None
    assert list(found[0]["headers"]) == ["Cookie", "cOokie", "cookie"]


def test_a_long_list_becomes_several_matches() -> None:
    """Istio refuses patterns of more than 1,024 characters."""
    values = tuple(f"tenant-{number:04}" for number in range(200))
    found = matches(((Test(Field(Kind.COOKIE, "tenant"), OneOf(values)),),), MESH_CLAIMS)
    assert found is not None and len(found) > 1
    patterns = [match["headers"]["cookie"]["regex"] for match in found]
    assert max(map(len, patterns)) <= 1024
    assert sum(pattern.count("tenant-") for pattern in patterns) == 200


def test_a_match_that_an_earlier_route_has_is_left_out() -> None:
    """Istio's analyzers warn of every other one; no spec of such a kind is wrong."""
    documents = [each for file in written(standing("entries-of-two-routes")).values() for each in file]
    found = of_kind(documents, "VirtualService")[0]
    staff, beta, _ = found["spec"]["http"]
    assert [next(iter(match)) for match in staff["match"]] == ["authority", "headers"]
    assert [next(iter(match)) for match in beta["match"]] == ["headers"]


HARMLESS = {
    "[0-9]+/metadata/labels/.*": "by these labels people find objects; routes ask for the labels of pods",
    "[0-9]+/metadata/name": "nothing refers to the names of a VirtualService, a rule or an entry",
    "[0-9]+/spec/http/[0-9]+/name": "a route's name shows up in logs only",
    "[0-9]+/spec/servers/[0-9]+/port/name": "a port's name tells servers apart",
    ".*/loadBalancer/simple": "which pod of a version answers",
    ".*/forwardOriginalToken": "whether the service sees the token",
    ".*/matchLabels/.*": "where tokens are verified is not compared, since releases share who verifies them",
}
"""Fields that may say something else without a change to traffic as specs describe it."""


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all scalars."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from leaves(below, (*path, index))
    else:
        yield path


def changed(value: Any, key: Any) -> Any:
    if isinstance(value, (int, float)):
        return value + 1
    if value.endswith(("ms", "s")) and value.rstrip("ms").isdigit():
        return "7s"
    if key in ("subset", "version"):
        return "v2" if value == "v1" else "v1"
    return value.replace("4", "3") if "4" in value else f"{value}x"


def mutants(case: str) -> Iterator[tuple[tuple[Any, ...], dict[str, str]]]:
    """The case's files with one scalar changed or left out, where that must mean something."""
    files = written(standing(case))
    for file, documents in files.items():
        for path in leaves(documents):
            if not harmless(path, documents[path[0]]):
                yield (file, *path), mutated(files, file, path, replace=True)
                if functools.reduce(lambda value, step: value[step], path, documents) != 0:  # what is left out is 0
                    yield (file, *path, "left out"), mutated(files, file, path, replace=False)


def harmless(path: tuple[Any, ...], document: dict[str, Any]) -> bool:
    """Gateways are known by their names; of tokens it is not compared where they are verified."""
    if path[1] == "metadata" and document["kind"] == "Gateway":
        return path[2] == "labels"
    if path[1] == "metadata" and document["kind"] == "RequestAuthentication":
        return True
    return any(re.fullmatch(pattern, "/".join(map(str, path))) for pattern in HARMLESS)


def mutated(files: dict[str, list[Any]], file: str, path: tuple[Any, ...], replace: bool) -> dict[str, str]:
    documents = copy.deepcopy(files[file])
    parent: Any = documents
    for step in path[:-1]:
        parent = parent[step]
    if replace:
        parent[path[-1]] = changed(parent[path[-1]], path[-1])
    else:
        del parent[path[-1]]
    return {name: yaml_text(*(documents if name == file else others)) for name, others in files.items()}


@pytest.mark.parametrize("case", CASES)
def test_every_change_by_hand_is_noticed(case: str) -> None:
    missed = [path for path, files in mutants(case) if not findings([standing(case)], files)]
    assert missed == []


def test_routes_in_another_order_are_noticed() -> None:
    documents = applied(standing("product-service"))
    routes = documents[1]["spec"]["http"]
    for index in range(len(routes) - 1):
        first, second = routes[index], routes[index + 1]
        once = second["name"].endswith(".once") and not first["name"].endswith(".once")
        if first["route"] == second["route"] or once:  # what is sent once is taken before the routes that retry
            continue
        documents[1]["spec"]["http"] = [*routes[:index], routes[index + 1], routes[index], *routes[index + 2 :]]
        assert findings([standing("product-service")], {"x.yaml": yaml_text(*documents)})


def test_the_readme_knows_every_option() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", ISTIO.readme.partition("## Support")[0], re.MULTILINE))
    shown = {"gateways": "none", "gatewayCredential": "none", "exportTo": "everywhere"}
    for name, option in ISTIO.manifest.options.items():
        said = option.default[0] if option.type == "list of string" and option.default else option.default
        assert rows.pop(name) == shown.get(name, f"`{str(said).lower()}`")
    assert rows.keys() == {"present", "absent", "trace"}, "the other tables' rows"


class YamlSnapshots(SingleFileSnapshotExtension):
    """Snapshots as YAML files, read as text."""

    file_extension = "yaml"
    _write_mode = WriteMode.TEXT

    @classmethod
    def dirname(cls, *, test_location: Any) -> str:
        return str(DATA / "snapshots" / "test_istio")


@pytest.mark.parametrize("case", ["product-service", "claims"])
def test_the_text(case: str, snapshot: SnapshotAssertion) -> None:
    texts = ISTIO.emit(ISTIO.lower([standing(case)]))
    shown = "".join(f"# {path}\n{text}" for path, text in texts.items())
    assert shown == snapshot(extension_class=YamlSnapshots)
