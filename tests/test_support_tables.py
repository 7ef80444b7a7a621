"""The support tables say what the suite has seen, and every routing feature that a target declares was seen at work."""

from __future__ import annotations

from tests.conformance import report, tables


def test_the_tables_are_fresh() -> None:
    for path, text in tables.pages().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is stale: run make support"


def test_nothing_was_left_to_disagree() -> None:
    found = report.read()
    assert set(found) >= {"istio", "nginx", "spring-cloud-gateway"}
    assert {name: entry["disagreements"] for name, entry in found.items()} == dict.fromkeys(found, 0)


def test_every_declared_routing_feature_was_tried() -> None:
    assert list(tables.untried(report.read())) == []
