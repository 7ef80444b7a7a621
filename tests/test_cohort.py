"""One user, one version: all engines agree on the buckets at each stage, and a canary only grows."""

from __future__ import annotations

import pytest

from graymesh.kit.registry import target
from tests import laws
from tests.probes import routers


@pytest.mark.parametrize("name", routers())
def test_users_stay_where_the_reference_has_them(name: str) -> None:
    """So all engines agree with one another as well."""
    laws.users_stay(target(name))
