"""nginx: anybody's files are read by nginx's rules, and what is not understood is refused by its name.

`nginx/manual/<case>/` holds files in the styles that nginx's manual shows, and what they mean, worked out by hand.
Where it was not plain, nginx itself was asked.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from graymesh.ir.release import UNIQUE_ID
from graymesh.ir.semantics import Request, decide
from graymesh.kit.registry import target
from graymesh.kit.target import Decoded

DATA = Path(__file__).parent / "nginx" / "manual"
CASES = sorted(folder.name for folder in DATA.iterdir())
NGINX = target("nginx")
PAIRS = ("headers", "cookies", "query", "claims")


def decoded(case: str) -> tuple[Decoded, dict[str, Any]]:
    folder = DATA / case
    expected = yaml.safe_load((folder / "expected.yaml").read_text(encoding="utf-8"))
    return NGINX.decode({"input.conf": (folder / "input.conf").read_text(encoding="utf-8")}), expected


@pytest.mark.parametrize("case", CASES)
def test_what_is_refused(case: str) -> None:
    fleet, expected = decoded(case)
    wanted = sorted(expected.get("refusals", []), key=lambda each: int(each["line"]))
    assert [(each.field, each.line) for each in fleet.refusals] == [(each["field"], each["line"]) for each in wanted]
    for refusal, each in zip(fleet.refusals, wanted, strict=True):
        assert each["says"] in refusal.message


@pytest.mark.parametrize("case", CASES)
def test_which_names_are_served(case: str) -> None:
    fleet, expected = decoded(case)
    assert [(list(service.hosts), service.scope) for service in fleet.statements] == [
        (each["hosts"], each.get("scope", "")) for each in expected["services"]
    ]
    for service, each in zip(fleet.statements, expected["services"], strict=True):
        for version, name, value in each.get("facts", ()):
            assert service.settings[version, name] == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize("case", CASES)
def test_who_gets_which_version(case: str) -> None:
    fleet, expected = decoded(case)
    for service, each in zip(fleet.statements, expected["services"], strict=True):
        for decision in each["decisions"]:
            found = decide(service.decision, request_of(decision["request"]))
            assert found.route is not None
            shares: Counter[str] = Counter()
            for share in found.shares:
                shares[share.version] += share.basis_points
            assert shares == decision["shares"], decision["request"]
            retries = found.route.policy.retries
            assert ([retries.attempts, list(retries.on)] if retries else None) == decision.get("retries")
            key = found.route.split.key
            assert (key.kind if key else "") == decision.get("key", ""), decision["request"]


@pytest.mark.parametrize("case", CASES)
def test_what_is_told_besides(case: str) -> None:
    fleet, expected = decoded(case)
    for service, each in zip(fleet.statements, expected["services"], strict=True):
        for decision in each["decisions"]:
            for share in decide(service.decision, request_of(decision["request"])).shares:
                assert named(share.request_headers) == decision.get("sends", {}), decision["request"]
                assert named(share.response_headers) == decision.get("answers", {}), decision["request"]
                assert share.set_cookie is None


def named(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {name: "UNIQUE" if value == UNIQUE_ID else value for name, value in headers}


def request_of(written: dict[str, Any]) -> Request:
    plain = {name: written[name] for name in ("method", "path", "host", "source") if name in written}
    return Request(**plain, **{name: tuple(written[name].items()) for name in PAIRS if name in written})
