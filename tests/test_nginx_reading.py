"""nginx: anybody's files are read by nginx's rules, and what is not understood is refused by its name.

`nginx/read/<case>/` holds files in the styles of nginx's manual, and what they mean, worked out by hand. Where nginx is
installed, it is asked too.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from graymesh.ir import Field, Kind, Policy, Retries, Share
from graymesh.registry import target
from graymesh.semantics import Request, decide
from graymesh.target import DecodedFleet, DecodedService
from graymesh.targets.nginx.decode_patterns import after_known, exact_matcher, pair, value_matcher, wanted_matcher
from graymesh.targets.nginx.decode_values import Refused

DATA = Path(__file__).parent / "nginx" / "read"
CASES = sorted(folder.name for folder in DATA.iterdir())
NGINX = target("nginx")


def decoded(case: str) -> tuple[DecodedFleet, dict[str, Any]]:
    expected = yaml.safe_load((DATA / case / "expected.yaml").read_text(encoding="utf-8"))
    return NGINX.decode({"nginx.conf": (DATA / case / "nginx.conf").read_text(encoding="utf-8")}), expected


def request_of(written: dict[str, Any], service: DecodedService) -> Request:
    pairs = {name: tuple(written.get(name, {}).items()) for name in ("headers", "cookies", "query", "claims")}
    plain = {name: written[name] for name in ("method", "path", "source") if name in written}
    return Request(host=service.hosts[0], **plain, **pairs)


@pytest.mark.parametrize("case", CASES)
def test_what_is_refused(case: str) -> None:
    fleet, expected = decoded(case)
    wanted = expected.get("refusals", [])
    assert [(each.field, each.line) for each in fleet.refusals] == [(each["field"], each["line"]) for each in wanted]
    for refusal, each in zip(fleet.refusals, wanted, strict=True):
        assert each["says"] in refusal.message


@pytest.mark.parametrize("case", CASES)
def test_what_is_served(case: str) -> None:
    fleet, expected = decoded(case)
    assert [(list(each.hosts), each.scope) for each in fleet.services] == [
        (each["hosts"], each.get("scope", "")) for each in expected["services"]
    ]
    for service, each in zip(fleet.services, expected["services"], strict=True):
        facts = {
            (version, name): tuple(value) if isinstance(value, list) else value
            for version, name, value in each["facts"]
        }
        assert dict(service.facts) == facts


@pytest.mark.parametrize("case", CASES)
def test_who_gets_which_version(case: str) -> None:
    fleet, expected = decoded(case)
    for service, each in zip(fleet.services, expected["services"], strict=True):
        for decision in each["decisions"]:
            found = decide(service.table, request_of(decision["request"], service))
            assert found.route is not None
            shares = {share.version: share.basis_points for share in found.shares}
            assert shares == decision["shares"], decision["request"]
            assert found.route.split.key == key_of(decision.get("key"))
            assert found.route.policy == policy_of(decision.get("policy", {}))
            headers = {share.version: dict(share.request_headers) for share in found.shares}
            assert headers == decision.get("request_headers", {version: {} for version in shares})
            assert all(
                share
                == Share(version=share.version, basis_points=share.basis_points, request_headers=share.request_headers)
                for share in found.shares
            )


def key_of(written: list[str] | None) -> Field | None:
    return Field(Kind(written[0]), written[1]) if written else None


def policy_of(written: dict[str, Any]) -> Policy:
    retries = written.get("retries")
    made = Retries(**{**retries, "on": tuple(retries["on"])}) if retries else None
    return Policy(timeout_ms=written.get("timeout_ms"), retries=made)
