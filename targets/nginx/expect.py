"""The facts that this target's artifacts state, of those that a view holds, and what it always says besides."""

from __future__ import annotations

from graymesh.ir.release import Facts, Kind, RouteTable, Scalar
from graymesh.kit.target import View
from graymesh.targets.nginx.servers import (
    TOO_MANY,
    asks_for_claims,
    burst_of,
    forwarded,
    listens,
    token_source,
    trusted_networks,
    versions_in,
)


def expected_facts(view: View) -> Facts:
    """Limits only of versions that get requests, for nginx limits where it sends them; and what is always said."""
    used = set().union(*(versions_in(table.table) for table in view.tables))
    facts = {key: value for key, value in view.facts.items() if key[1] != "limits.qps" or key[0] in used}
    return {**facts, **_limits(facts), **_always(view), **_asked(view)}


def _limits(facts: Facts) -> dict[tuple[str, str], Scalar]:
    rates = {version: rate for (version, name), rate in facts.items() if name == "limits.qps" and isinstance(rate, int)}
    found: dict[tuple[str, str], Scalar] = {
        (version, "limits.burst"): burst_of(rate) for version, rate in rates.items()
    }
    return {**found, ("", "limits.status"): int(TOO_MANY)} if rates else {}


def _always(view: View) -> dict[tuple[str, str], Scalar]:
    sent = forwarded(bool(view.options["trustedProxies"]))
    found: dict[tuple[str, str], Scalar] = {
        ("", f"sends.{name}"): f"${variable}" if variable else "" for name, variable in sent
    }
    return {**found, ("", "listen"): tuple(sorted(f"*:{each}" if each.isdigit() else each for each in listens(view)))}


def _asked(view: View) -> dict[tuple[str, str], Scalar]:
    """Where tokens and addresses are taken from, if anybody asks for a claim or a network."""
    found: dict[tuple[str, str], Scalar] = {}
    if any(asks_for_claims(table.table) for table in view.tables):
        source = token_source(view.release)
        found["", "jwt.from"] = f"{source.kind} {source.name}"
    if any(_asks_for_networks(table.table) for table in view.tables):
        found["", "trustedProxies"] = trusted_networks(view)
    return found


def _asks_for_networks(table: RouteTable) -> bool:
    tests = (test for route in table.routes for tests in route.condition for test in tests)
    return any(test.field.kind is Kind.SOURCE for test in tests)
