"""The facts that this target's artifacts state, of those that a view holds."""

from __future__ import annotations

from graymesh.ir import Facts
from graymesh.target import View
from graymesh.targets.nginx.servers import versions_in


def expected_facts(view: View) -> Facts:
    """All but the limits of versions that get no requests: nginx limits where it sends them."""
    used = set().union(*(versions_in(table.table) for table in view.tables))
    return {key: value for key, value in view.facts.items() if key[1] != "limits.qps" or key[0] in used}
