"""The suite can fail: a lowering that is broken on purpose is found on every engine, and the right one passes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.acceptance import ENGINES
from tests.conformance.bends import BENDS
from tests.conformance.subjects import Placed, placed
from tests.conformance.suite import run
from tests.nginx.engine import free_port

SUBJECTS = {
    "shares": "cases/random-split/spec",
    "letters": "cases/header-exact-and-one-of/spec",
    "order": "cases/order-of-routes/spec",
}
"""A release in which the break must show, by the break's name."""


def _subject(engine: str, name: str) -> Placed:
    return next(each for each in placed(engine, free_port(), generated=False) if each.name == name)


def _nothing(*_: Any) -> tuple[str, ...]:
    return ()


@pytest.mark.parametrize("bend", BENDS)
@pytest.mark.parametrize("name", ENGINES)
def test_a_broken_lowering_is_found_and_the_right_one_is_not(name: str, bend: str) -> None:
    engine = ENGINES[name]()
    why = engine.available()
    if why:
        pytest.skip(f"{name} IS NOT TRIED: {why}")
    subject = _subject(name, SUBJECTS[bend])
    assert run(ENGINES[name](), _nothing, lambda _: None, [subject]).problems == []
    broken = run(engine, _nothing, lambda _: None, [subject], BENDS[bend])
    assert broken.problems, "the suite did not notice"
