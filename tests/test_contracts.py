"""What commands print as JSON fits the published schemas, and the schemas in the tree are fresh."""

from __future__ import annotations

import json
import subprocess
import sys

import jsonschema
import pytest

from graymesh.commands.schemas import output_schemas
from graymesh.text import json_text
from tests.helpers import ROOT

EXAMPLES = ROOT / "examples"


def printed(*arguments: str) -> dict[str, object]:
    command = [sys.executable, "-m", "graymesh", *arguments, "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", sorted(output_schemas()))
def test_the_schema_in_the_tree_is_fresh(name: str) -> None:
    assert (ROOT / "schemas" / name).read_text(encoding="utf-8") == json_text(output_schemas()[name])


@pytest.mark.parametrize(
    ("target", "folder"),
    [("istio", "bookinfo"), ("nginx", "shop"), ("spring-cloud-gateway", "sticky"), ("sentinel", "shop")],
)
def test_route_tables_fit_their_schema(target: str, folder: str) -> None:
    found = printed("read", "-t", target, f"examples/{folder}/rendered/{target}")
    validator = jsonschema.Draft202012Validator(output_schemas()["route-tables.v1.schema.json"])
    validator.validate(found)
    assert found["services"]
    found["services"] = [{"hosts": ["x"]}]
    assert list(validator.iter_errors(found)), "a service without routes must not pass"


def test_an_answer_fits_its_schema() -> None:
    spec = "examples/shop/releases/product-service.yaml"
    found = printed("route", spec, "--cookie", "beta=1")
    jsonschema.Draft202012Validator(output_schemas()["route-answer.v1.schema.json"]).validate(found)
    assert [answer["version"] for answer in found["answers"]] == ["v2"]
    drawn = printed("route", spec, "--target", "nginx")
    shares = drawn["answers"][0]["shares"]
    assert [(share["version"], share["basisPoints"], share["setCookie"]["value"]) for share in shares] == [
        ("v2", 500, "\x00ticket"),
        ("v1", 9500, "\x00ticket"),
    ]
    assert [share["buckets"] for share in shares] == [["a36d-b039"], ["0000-a36c", "b03a-ffff"]]
