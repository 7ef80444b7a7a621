"""nginx itself: time limits, retries and limits of a spec."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import nginx_policies
from tests.nginx import engine


def test_time_limits_retries_and_limits_happen(tmp_path: Path) -> None:
    if reason := engine.missing():
        pytest.skip(f"NOT HELD TO NGINX: {reason}; `make engines` sets it up")
    assert list(nginx_policies.problems(tmp_path)) == []
