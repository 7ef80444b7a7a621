"""The facts that this target's artifacts state, of those that a view holds."""

from __future__ import annotations

from graymesh.ir import Facts
from graymesh.target import View
from graymesh.targets.nginx.servers import asks_for_claims, token_source, versions_in


def expected_facts(view: View) -> Facts:
    """Limits of the versions that get requests, for nginx limits where it sends them; tokens where claims are asked."""
    used = set().union(*(versions_in(table.table) for table in view.tables))
    facts = {key: value for key, value in view.facts.items() if key[1] != "limits.qps" or key[0] in used}
    if any(asks_for_claims(table.table) for table in view.tables):
        source = token_source(view.release)
        facts["", "jwt.from"] = f"{source.kind} {source.name}"
    return facts
