"""`python -m tests.fuzz.stretched [ACTION…]`: every text of good files made very long, in turn, in several ways.

What looks at a text with a regular expression or goes through it again and again shows here. 1 when one takes long.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Final

from tests.fuzz.cases import Case
from tests.fuzz.running import prepare, run
from tests.fuzz.seeds import ROOT
from tests.fuzz.structure import Tree, parsed, rendered

LENGTH: Final = 100_000
MOST_CPU_SECONDS: Final = 2.0
UNITS: Final = (
    "1",
    "a",
    "_",
    "1_",
    ".",
    ":1",
    "a.",
    "-",
    "1.",
    "/a",
    "%20",
    "\\\\",
    " ",
    "a ",
    "$a",
    "(a",
    "[",
    "a|",
    "*",
    "=",
    "é",
    ",",
    "#",
)
_SEEDS: Final = (
    ("lint", "spec.yaml", "tests/cases/entry-of-many-fields/spec.yaml"),
    ("lint", "spec.yaml", "tests/model/product-service.yaml"),
    ("lint", "spec.yaml", "tests/model/everything-else.yaml"),
    ("project-lint", "graymesh.yaml", "examples/shop/graymesh.yaml"),
    ("read-spring", "application.yaml", "tests/spring/read/full-forms/application.yaml"),
    ("read-spring", "application.yaml", "tests/spring/read/short-forms/application.yaml"),
    ("read-istio", "objects.yaml", "tests/istio/read/claims-at-the-gateway/input.yaml"),
    ("read-istio", "objects.yaml", "tests/istio/read/user-header/input.yaml"),
    ("read-sentinel", "flow-rules.json", "tests/sentinel/emitted/gateway/flow-rules.json"),
    ("read-sentinel", "api-groups.json", "tests/sentinel/emitted/gateway/api-groups.json"),
    ("krm", "list.yaml", ""),
)
_NGINX: Final = (
    "tests/nginx/read/whole-configuration",
    "tests/nginx/manual/set_args",
    "tests/nginx/manual/map_hostnames",
)
_LIST: Final = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: [{apiVersion: v1, kind: A, a: b}]\n"


def cases() -> Iterator[tuple[str, Case]]:
    """Every case with what was stretched in it."""
    for action, name, place in _SEEDS:
        text = (ROOT / place).read_bytes() if place else _LIST.encode()
        count = sum(len(_scalars(tree)) for tree in parsed(text) or ())
        for number in range(count):
            for unit in UNITS:
                yield f"{place} {number} {unit!r}", Case(action, {name: _stretched(text, number, unit, name)})
    for place in _NGINX:
        for file in sorted((ROOT / place).glob("*.conf")):
            yield from _words(file.read_text(encoding="utf-8"))


def main(actions: list[str]) -> int:
    """Runs those of the actions, all by default; says what takes long."""
    prepare()
    bad = done = 0
    for what, case in cases():
        if actions and case.action not in actions:
            continue
        outcome = run(case)
        done += 1
        if outcome.fault or outcome.cpu_seconds > MOST_CPU_SECONDS:
            bad += 1
            print(f"{outcome.cpu_seconds:6.2f} s {outcome.fault} {case.action} {what}", flush=True)
    print(f"{done} inputs, {bad} of them bad")
    return int(bad > 0)


def _stretched(text: bytes, number: int, unit: str, name: str) -> bytes:
    trees = parsed(text) or []
    scalars = [scalar for tree in trees for scalar in _scalars(tree)]
    long = unit * (LENGTH // len(unit))
    quote = '"' if scalars[number].text.startswith('"') or unit in ("\\\\", "[", "*", ",", "#", " ", "%20", "=") else ""
    scalars[number].text = f"{quote}{long}{quote}"
    return rendered(trees, as_json=name.endswith(".json"), flow=False)


def _scalars(tree: Tree) -> list[Tree]:
    return [each for each in tree.all() if each.pairs is None]


def _words(text: str) -> Iterator[tuple[str, Case]]:
    for match in re.finditer(r"[^\s;{}]+", text):
        for unit in UNITS:
            for length in (LENGTH, 4000):
                long = text[: match.start()] + f'"{unit * (length // len(unit))}"' + text[match.end() :]
                yield f"{match[0]} {unit!r}", Case("read-nginx", {"shop.conf": long.encode()})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
