"""A release as JSON data: its tables, and the limits of its versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graymesh.ir.release import Route, Share, Test
from graymesh.kit.target import HostTable, View


def lower(views: Sequence[View]) -> list[tuple[str, Any]]:
    """Path and document of each release."""
    ordered = sorted(views, key=lambda view: view.release.key)
    return [(f"{view.release.namespace}.{view.release.name}.json", _release(view)) for view in ordered]


def _release(view: View) -> dict[str, Any]:
    limits = {f"{view.release.key}/{version}": value for (version, name), value in view.facts.items()}
    return {"tables": [_table(view, table) for table in view.tables], "limits": dict(sorted(limits.items()))}


def _table(view: View, table: HostTable) -> dict[str, Any]:
    return {"hosts": list(table.hosts), "routes": [_route(view, route) for route in table.table.routes]}


def _route(view: View, route: Route) -> dict[str, Any]:
    return {
        "when": [[_test(test) for test in tests] for tests in route.condition],
        "goes": [_share(view, share) for share in route.split.shares if share.basis_points],
        "within": route.policy.timeout_ms,
    }


def _test(test: Test) -> dict[str, Any]:
    shown = test.matcher
    values = [str(value) for name in type(shown).__match_args__ for value in _listed(getattr(shown, name))]
    return {"of": test.field.kind.value, "named": test.field.name, "is": type(shown).__name__, "values": values}


def _listed(value: Any) -> list[str]:
    """Intervals of buckets as `0000-0ccc`."""
    if isinstance(value, str):
        return [value]
    return [each if isinstance(each, str) else f"{each[0]:04x}-{each[1]:04x}" for each in value]


def _share(view: View, share: Share) -> dict[str, Any]:
    cookie = share.set_cookie
    return {
        "to": f"{view.release.key}/{share.version}",
        "of10000": share.basis_points,
        "buckets": _listed(share.buckets),
        "gives": [cookie.name, cookie.value, cookie.max_age_seconds, cookie.passed_on] if cookie else None,
        "asks": dict(share.request_headers),
        "tells": dict(share.response_headers),
    }
