"""The inputs that mutation starts from: the files of the tests and the examples, and the kept corpus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Final

from tests.fuzz.cases import ACTIONS, CORPUS, Case, kept

ROOT: Final = Path(__file__).parents[2]
TESTS: Final = ROOT / "tests"
_PROJECT: Final = b"apiVersion: graymesh.io/v1alpha1\nkind: Project\nreleases: [releases/*.yaml]\noutput: rendered\n"
_ODD: Final = 0.15
"""The share of seeds that are wrong on purpose; much of graymesh is met only by what is right."""

_NAMES: Final = {"istio": "objects.yaml", "nginx": "shop.conf", "spring": "application.yaml"}
_RULES: Final = ("flow-rules.json", "degrade-rules.json", "system-rules.json", "gw-flow-rules.json", "api-groups.json")


class Seeds:
    """All seeds by what they are; files are read once."""

    def __init__(self) -> None:
        self.specs = _read(TESTS / "cases", "spec.yaml") + _read(ROOT / "examples", "releases/*.yaml")
        self.specs += _read(TESTS / "diff", "*/old/*.yaml") + _read(TESTS / "diff", "*/new/*.yaml")
        self.odd_specs = _read(TESTS / "source", "*.yaml") + _read(TESTS / "model", "*.yaml")
        self.projects = [*_read(ROOT / "examples", "graymesh.yaml"), *_read(TESTS / "model", "*project.yaml"), _PROJECT]
        self.istio = _read(TESTS / "istio" / "read", "input.yaml") + _read(ROOT / "examples", "rendered/istio/*.yaml")
        self.istio += _read(TESTS / "cases", "expected/istio/*.yaml")
        self.nginx = _read(TESTS / "nginx", "*.conf") + _read(TESTS / "cases", "expected/nginx/*.conf")
        self.spring = _read(TESTS / "spring" / "read", "*.y*ml") + _read(ROOT / "examples", "rendered/spring*/*.yaml")
        self.spring += _read(TESTS / "cases", "expected/spring-cloud-gateway/*.yaml")
        self.odd_artifacts = _read(TESTS / "spring" / "refused", "*.yaml") + _read(TESTS / "artifacts", "*.yaml")
        self.sentinel = _named(TESTS / "sentinel", "*.json") + _named(TESTS / "cases", "expected/sentinel/**/*.json")
        self.kept: dict[str, list[Case]] = {}
        for _, case in kept() if CORPUS.is_dir() else ():
            self.kept.setdefault(case.action, []).append(case)

    def case(self, action: str, random: Random) -> Case:
        """A seed for the action, now and then one of the corpus."""
        if action in self.kept and random.random() < 0.2:
            return random.choice(self.kept[action])
        return Case(action, self._files(action, random))

    def _files(self, action: str, random: Random) -> Mapping[str, bytes]:
        first, _, rest = action.partition("-")
        if first == "read":
            return self._artifacts(rest.removesuffix("-json"), random)
        if first == "krm":
            return {"list.yaml": self._resource_list(random)}
        if first == "diff":
            return self._two(rest, random)
        if first == "project" or action == "lint-baseline":
            return self._project(action, random)
        return {"spec.yaml": self._spec(random)}

    def _spec(self, random: Random) -> bytes:
        return random.choice(self.odd_specs if random.random() < _ODD else self.specs)

    def _artifacts(self, target: str, random: Random) -> Mapping[str, bytes]:
        if target == "sentinel":
            name, text = random.choice(self.sentinel)
            return {random.choice((name, *_RULES)): text}
        odd = target != "nginx" and random.random() < _ODD
        return {_NAMES[target]: random.choice(self.odd_artifacts if odd else getattr(self, target))}

    def _two(self, kind: str, random: Random) -> Mapping[str, bytes]:
        if kind in ("istio", "nginx", "spring"):
            text, end = random.choice(getattr(self, kind)), Path(_NAMES[kind]).suffix
            return {
                f"old{end}": text,
                f"new{end}": text if random.random() < 0.7 else random.choice(getattr(self, kind)),
            }
        if kind == "sentinel":
            name, text = random.choice(self.sentinel)
            return {f"old/{name}": text, f"new/{name}": text}
        text = self._spec(random)
        other = text if random.random() < 0.7 else self._spec(random)
        if kind == "base":
            return {"base/releases/a.yaml": text, "base/graymesh.yaml": _PROJECT, "releases/a.yaml": other}
        if kind == "folders":
            return {"old/a.yaml": text, "new/a.yaml": other}
        return {"old.yaml": text, "new.yaml": other}

    def _project(self, action: str, random: Random) -> Mapping[str, bytes]:
        files = {"graymesh.yaml": random.choice(self.projects), "releases/a.yaml": self._spec(random)}
        if random.random() < 0.3:
            files["releases/b.yaml"] = self._spec(random)
        if action == "lint-baseline":
            files["baseline.json"] = b'{"version":1,"findings":{"releases/a.yaml":{"GM203":{"x":1}}}}'
        elif random.random() < 0.2:
            files["rendered/.graymesh.json"] = b'{"files": {"nginx/shop.conf": "0123"}}'
            files["rendered/.graymesh/default.shop.sums"] = b"nginx/shop.conf\n  01234567\n"
            files["rendered/nginx/shop.conf"] = random.choice(self.nginx)
        return files

    def _resource_list(self, random: Random) -> bytes:
        items = [
            random.choice(self.specs if random.random() < 0.6 else self.istio) for _ in range(random.randint(1, 3))
        ]
        head = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"
        if random.random() < 0.3:
            config = random.choice(('{apiVersion: v1, kind: ConfigMap, data: {stage: "full"}}', "{kind: Project}"))
            head += f"functionConfig: {config}\n"
        return (head + "items:\n" + "".join(map(_item, items))).encode("utf-8", "replace")


def _item(text: bytes) -> str:
    first, *rest = text.decode("utf-8", "replace").split("\n---")[0].splitlines() or ["{}"]
    return "\n".join([f"- {first}", *(f"  {line}" for line in rest)]) + "\n"


def _read(folder: Path, pattern: str) -> list[bytes]:
    return [file.read_bytes() for file in sorted(folder.rglob(pattern)) if file.is_file()]


def _named(folder: Path, pattern: str) -> list[tuple[str, bytes]]:
    return [(file.name, file.read_bytes()) for file in sorted(folder.rglob(pattern)) if file.is_file()]


def weights() -> Iterator[tuple[str, float]]:
    """How often each action is tried; those that start git or are slow less often."""
    for action in ACTIONS:
        kind = action.partition("-")[0]
        yield action, 0.05 if action == "diff-base" else {"read": 2.0, "krm": 4.0, "lint": 0.7}.get(kind, 0.8)
