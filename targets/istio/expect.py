"""The facts that this target's artifacts state, of those that a view holds."""

from __future__ import annotations

from graymesh.ir import Facts
from graymesh.target import View
from graymesh.targets.istio.claims import claim_names


def expected_facts(view: View) -> Facts:
    """All but the source of tokens where no route asks for a claim: then nothing verifies tokens."""
    if any(claim_names(host_table.table) for host_table in view.tables):
        return view.facts
    return {key: value for key, value in view.facts.items() if not key[1].startswith("jwt.")}
