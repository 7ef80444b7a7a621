"""Rules that go by names which another target writes: an edit of one file must not void the rules of the other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graymesh.cli import run
from graymesh.commands.base import Terminal

ROUTES = "rendered/spring-cloud-gateway/application-graymesh.yaml"
SPEC = """\
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop, namespace: default}
spec:
  service: {port: 8080, domains: [shop.example.com]}
  stable: v1
  versions: {v1: {endpoints: ["10.0.1.1:8080"]}, v2: {endpoints: ["10.0.2.1:8080"]}}
  audiences: {beta: [{cookies: {beta: "1"}}]}
  routes: [{name: beta, audience: beta, version: v2}]
  sticky: {cookie: gray-ticket}
  stages: [{name: first, weight: 5, hold: 1h}, {name: full, weight: 100}]
  limits: {v2: {qps: 500}}
  targets: {spring-cloud-gateway: {}, sentinel: {}}
"""


@dataclass(frozen=True)
class Compiled:
    """A compiled project, whose spec and gateway's file can be edited."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> tuple[int, str]:
        self.capsys.readouterr()
        return run(list(arguments), Terminal()), self.capsys.readouterr().out

    def said(self, change: Callable[[str], str]) -> list[dict[str, Any]]:
        """What verify says after an edit of the gateway's file."""
        file = self.folder / ROUTES
        text = file.read_text()
        file.write_text(change(text))
        assert file.read_text() != text
        found: list[dict[str, Any]] = json.loads(self.run("verify", "--format", "json")[1])["diagnostics"]
        return found


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Compiled:
    (tmp_path / "graymesh.yaml").write_text("apiVersion: graymesh.io/v1alpha1\nkind: Project\nreleases: [shop.yaml]\n")
    (tmp_path / "shop.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    made = Compiled(tmp_path, capsys)
    assert made.run("compile")[0] == 0
    return made


def codes(found: list[dict[str, Any]]) -> list[str]:
    return [each["code"] for each in found]


def renamed(version: str) -> Callable[[str], str]:
    return lambda text: re.sub(rf"default\.shop\.(\S*)\b{version}\b", rf"my.\1{version}", text)


def with_key(key: str) -> Callable[[str], str]:
    return lambda text: re.sub(r"(?m)^( *)(- id: default\.shop\.beta\.v2)$", rf"\1\2\n\1  {key}", text)


def test_a_fresh_project_is_proven(project: Compiled) -> None:
    assert project.run("verify")[0] == 0


def test_a_renamed_route_voids_the_limit_and_only_this_check_sees_it(project: Compiled) -> None:
    (found,) = project.said(lambda text: text.replace("default.shop.beta.v2", "shop-beta"))
    assert found["code"] == "GM908"
    assert found["message"] == (
        "sentinel holds limits.qps of v2 by 'default.shop.beta.v2', and spring-cloud-gateway has nothing with that "
        "name: the rule never acts"
    )
    assert found["path"] == "/spec/limits/v2/qps"
    assert project.run("verify")[0] == 1


def test_every_lost_name_is_told_once_for_the_setting_it_serves(project: Compiled) -> None:
    (found,) = project.said(renamed("v2"))
    assert "and 2 more" in found["message"]


def test_a_route_without_a_limit_may_be_called_anything(project: Compiled) -> None:
    assert project.said(renamed("v1")) == []


def test_a_route_that_is_switched_off_is_not_there(project: Compiled) -> None:
    assert "GM908" in codes(project.said(with_key("enabled: false")))


def test_a_route_that_is_not_understood_is_there(project: Compiled) -> None:
    found = codes(project.said(with_key("odd: 1")))
    assert "GM905" in found
    assert "GM908" not in found


def test_without_the_file_nothing_is_said_of_names(project: Compiled) -> None:
    (project.folder / ROUTES).unlink()
    assert set(codes(json.loads(project.run("verify", "--format", "json")[1])["diagnostics"])) == {"GM906"}


@pytest.mark.parametrize("targets", ["{sentinel: {}}", "{spring-cloud-gateway: {}, sentinel: {gateway: false}}"])
def test_names_matter_only_where_rules_go_by_them(project: Compiled, targets: str) -> None:
    (project.folder / "shop.yaml").write_text(SPEC.replace("{spring-cloud-gateway: {}, sentinel: {}}", targets))
    project.run("compile")
    assert "GM908" not in codes(json.loads(project.run("verify", "--format", "json")[1])["diagnostics"])
