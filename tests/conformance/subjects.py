"""What the suite tries: the examples, the cases and generated releases, put onto loopback under names of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, settings

from graymesh.ir.release import Release
from graymesh.kit.registry import target
from graymesh.kit.target import View
from graymesh.language.case import Case, case_of
from graymesh.language.project import Project, find
from graymesh.lint import engine
from graymesh.source import load
from tests.generate import rollouts
from tests.helpers import NO_PROJECT, ROOT

GENERATED: Final = 60
"""So many generated releases are tried on each target, less those that lint refuses."""

_CASES: Final = ROOT / "tests" / "cases"
_EXAMPLES: Final = ROOT / "examples"
_LOOPBACK: Final = "127.0.0.0/8"
_GATEWAY: Final = "istio-system/public"
_SHORT_DELAY: Final = "1ms"

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """One release as its file says it, and the project that it belongs to."""

    name: str
    data: Data
    project: Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A subject on loopback, for one target. `versions`: address of an upstream → the version it plays."""

    name: str
    case: Case
    target: str
    versions: Mapping[str, str]

    @property
    def stages(self) -> Sequence[Release]:
        """The release at each of its stages."""
        return self.case.stages

    def view(self, release: Release) -> View:
        """The release as the target must enforce it, without limits: the suite asks in a hurry."""
        view = self.case.view(target(self.target).manifest, release)
        return replace(view, facts={key: value for key, value in view.facts.items() if key[1] != "limits.qps"})

    @property
    def shared_options(self) -> str:
        """The options on which all releases of one set of files must agree, as text."""
        manifest = target(self.target).manifest
        options = self.case.options[self.target]
        private = {"exportTo": options.get("exportTo")} if "." in options.get("exportTo", ()) else {}
        shared = {name: options.get(name) for name, option in manifest.options.items() if option.shared}
        cors = {"cors": self.case.source.data["spec"].get("cors")} if manifest.one_cors else {}
        return json.dumps(shared | private | cors, sort_keys=True)


def placed(target_name: str, port: int, generated: bool = True) -> list[Placed]:
    """Everything that the suite tries on this target; all upstreams listen on this port, at addresses of their own."""
    subjects = [*_written(), *(_generated(target_name) if generated else ())]
    found = (_on_loopback(subject, number, target_name, port) for number, subject in enumerate(subjects))
    return [each for each in found if each]


@lru_cache(maxsize=1)
def _written() -> tuple[Subject, ...]:
    return (*_examples(), *_cases())


def _examples() -> Iterator[Subject]:
    for file in sorted(_EXAMPLES.glob("*/graymesh.yaml")):
        project = find(file.parent)
        for release in project.releases:
            yield Subject(f"examples/{file.parent.name}/{release.stem}", _data(release), project)


def _cases() -> Iterator[Subject]:
    """The cases that compile, but those of the replayed bugs, whose artifacts are wrong on purpose."""
    for folder in sorted(path for path in _CASES.iterdir() if path.is_dir()):
        if folder.name == "replay" or folder.name.endswith(".bad"):
            continue
        project = replace(NO_PROJECT, root=folder)
        for file in sorted([*folder.glob("spec.yaml"), *folder.glob("releases/*.yaml")]):
            yield Subject(f"cases/{folder.name}/{file.stem}", _data(file), project)


def _data(file: Path) -> Data:
    loaded: Data = json.loads(json.dumps(load(file.read_bytes(), file.name).data))
    return loaded


@lru_cache(maxsize=8)
def _generated(target_name: str) -> tuple[Subject, ...]:
    """The same ones in every run; every second one is served at a gateway, where the target has any."""
    manifest = target(target_name).manifest
    made: list[Data] = []

    @settings(
        max_examples=3 * GENERATED, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(rollouts(manifest))
    def collect(data: Data) -> None:
        made.append(data)

    collect()
    subjects = []
    for number, data in enumerate(list({json.dumps(each): each for each in reversed(made)}.values())[:GENERATED]):
        if number % 2 and "gateways" in manifest.options:
            data["spec"]["targets"][target_name] = {"gateways": [_GATEWAY]}
        subjects.append(Subject(f"generated/{number:02}", data, NO_PROJECT))
    return tuple(subjects)


def _on_loopback(subject: Subject, number: int, target_name: str, port: int) -> Placed | None:
    """None when the subject is not compiled for the target, or lint refuses it there."""
    data: Data = json.loads(json.dumps(subject.data))
    targets = data["spec"].get("targets") or {name: {} for name in subject.project.targets}
    if target_name not in targets:
        return None
    data["spec"]["targets"] = targets
    _rename(data, f"s{number}")
    spec = data["spec"]
    options = {**(subject.project.targets.get(target_name) or {}), **(spec["targets"][target_name] or {})}
    spec["targets"][target_name] = _opened(options, target_name)
    versions = _upstreams(spec, number, port)
    _hurry(spec)
    # The suite's services speak HTTP/1.1; `test_protocols.py` and `test_nginx_tls.py` try others.
    spec["service"].pop("protocol", None)
    case, problems = case_of(load(json.dumps(data), subject.name), subject.project)
    if case is None:
        raise ValueError(f"{subject.name}: {[problem.message for problem in problems]}")
    refused = [each for each in engine.run([case], ["GM3"]) if each.level == "error"]
    return None if refused else Placed(name=subject.name, case=case, target=target_name, versions=versions)


def _rename(data: Data, prefix: str) -> None:
    """Names of its own, so that many fit into one set of files; host names that audiences ask for follow."""
    data["metadata"]["name"] = f"{prefix}-{data['metadata']['name']}"
    service = data["spec"].get("service") or {}
    names = {name: f"{prefix}.{name}" for name in [*service.get("domains", ()), service.get("host")] if name}
    text = json.dumps(data["spec"])
    for old, new in names.items():
        text = text.replace(json.dumps(old), json.dumps(new))
    data["spec"] = json.loads(text)
    data["spec"].pop("tests", None)


def _opened(options: Data, target_name: str) -> Data:
    """Options with which requests from loopback count as coming through a trusted proxy.

    The suite's clients speak no TLS and sign no tokens; `test_nginx_tls.py` and `test_nginx_tokens.py` have others.
    """
    if target_name != "nginx":
        return options
    options = {name: value for name, value in options.items() if not name.startswith(("tls", "tokenKeys"))}
    trusted = [*options.get("trustedProxies", ()), _LOOPBACK]
    return {**options, "listen": 80, "ipv6": False, "trustedProxies": list(dict.fromkeys(trusted))}


def _upstreams(spec: Data, number: int, port: int) -> dict[str, str]:
    """Gives each version as many addresses of loopback as it had endpoints, two at the most, and nobody else's."""
    found: dict[str, str] = {}
    for index, (name, version) in enumerate(spec["versions"].items()):
        count = min(len(version.get("endpoints", ())), 2) or 1
        network = f"127.{1 + number // 200}.{1 + number % 200}"
        version["endpoints"] = [f"{network}.{10 * index + n}:{port}" for n in range(1, count + 1)]
        found |= dict.fromkeys(version["endpoints"], name)
    return found


def _hurry(spec: Data) -> None:
    """Delays made on purpose become short."""
    for route in spec.get("routes", ()):
        if "delay" in (route.get("fault") or {}):
            route["fault"]["delay"]["time"] = _SHORT_DELAY


def batches(subjects: Sequence[Placed], size: int) -> Iterator[list[Placed]]:
    """Sets of subjects that can stand in one set of files, so many at the most."""
    groups: dict[str, list[Placed]] = {}
    for each in subjects:
        groups.setdefault(each.shared_options, []).append(each)
    for group in groups.values():
        for start in range(0, len(group), size):
            yield group[start : start + size]
