"""Spring Cloud Gateway itself: what the target relies on, the policies of a spec, and what keeps it from starting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from graymesh.kit.registry import target
from tests.conformance import spring_facts, spring_policies
from tests.conformance.engine import EngineRefused
from tests.conformance.running import running
from tests.conformance.spring import SpringCloudGateway

SPRING = target("spring-cloud-gateway")
STARTUP = yaml.safe_load(Path(__file__).with_name("spring_startup.yaml").read_text(encoding="utf-8"))
ROWS = [pytest.param(row, id=name) for group in ("refused", "silent") for name, row in STARTUP[group].items()]


@pytest.fixture(scope="module")
def engine() -> Iterator[SpringCloudGateway]:
    yield from running(SpringCloudGateway())


def test_requests_are_taken_as_the_facts_say(engine: SpringCloudGateway) -> None:
    assert list(spring_facts.problems(engine)) == []


def test_time_limits_and_retries_happen(engine: SpringCloudGateway) -> None:
    assert list(spring_policies.problems(engine)) == []


def test_a_wrong_fact_is_found_out(engine: SpringCloudGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = [{"facts": {"any": {"says": "", "predicates": [{"name": "Method", "args": {"methods": ["GET"]}}]}}}]
    facts[0]["facts"]["any"] |= {"takes": ["GET /"], "leaves": ["HEAD /"]}
    monkeypatch.setattr(spring_facts, "FACTS", tmp_path / "facts.yaml")
    (tmp_path / "facts.yaml").write_text(yaml.safe_dump(facts))
    assert list(spring_facts.problems(engine)) == []
    facts[0]["facts"]["any"] |= {"takes": ["HEAD /"], "leaves": ["GET /"]}
    (tmp_path / "facts.yaml").write_text(yaml.safe_dump(facts))
    assert len(list(spring_facts.problems(engine))) == 2


def configuration(row: Mapping[str, Any], *behind: Mapping[str, Any]) -> str:
    """A file with the row's route, and with those behind it."""
    if "text" in row:
        return str(row["text"])
    route = {name: value for name, value in {**STARTUP["base"], **row["route"]}.items() if value is not None}
    webflux = {"routes": [route, *behind]}
    return yaml.safe_dump({"spring": {"cloud": {"gateway": {"server": {"webflux": webflux}}}}}, sort_keys=False)


def test_the_base_of_all_wrong_routes_is_right(engine: SpringCloudGateway) -> None:
    text = configuration({"route": {}})
    engine.configure(text, {})
    assert [route["route_id"] for route in engine.listed()] == ["wrong"]
    assert SPRING.decode({"application-graymesh.yaml": text}).refusals == ()


@pytest.mark.parametrize("row", ROWS[: len(STARTUP["refused"])])
def test_what_keeps_the_gateway_from_starting(engine: SpringCloudGateway, row: Mapping[str, Any]) -> None:
    with pytest.raises(EngineRefused) as refused:
        engine.configure(configuration(row), {})
    assert row["words"] in str(refused.value)


@pytest.mark.parametrize("row", ROWS[len(STARTUP["refused"]) :])
def test_what_the_gateway_takes_in_silence(engine: SpringCloudGateway, row: Mapping[str, Any]) -> None:
    engine.configure(configuration(row, STARTUP["next"]), {})
    request = "\r\n".join([*_lines(row["request"]), "", ""]).encode()
    (answer,) = engine.send_bytes([request])
    assert (answer.version or answer.headers[":status"]) == row["answers"]


@pytest.mark.parametrize("row", ROWS)
def test_all_of_it_is_refused_when_read(row: Mapping[str, Any]) -> None:
    fleet = SPRING.decode({"application-graymesh.yaml": configuration(row)})
    assert fleet.refusals
    assert fleet.statements == ()


def test_a_file_with_other_routes_than_written_is_no_load(engine: SpringCloudGateway) -> None:
    """A route that is switched off is written and not listed."""
    route = STARTUP["next"]
    webflux = {"routes": [{**route, "enabled": False}, {**route, "id": "more"}]}
    text = yaml.safe_dump({"spring": {"cloud": {"gateway": {"server": {"webflux": webflux}}}}}, sort_keys=False)
    with pytest.raises(EngineRefused, match="2 written, 1 listed"):
        engine.load({"application-graymesh.yaml": text})


def _lines(given: list[str]) -> Iterator[str]:
    first, *rest = given if given[0].startswith("GET ") else ["GET /", *given]
    yield f"{first} HTTP/1.1"
    yield "Host: shop.test"
    yield from rest
