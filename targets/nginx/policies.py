"""Timeouts, retries and failing servers in nginx's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from graymesh.ir.release import Facts, Policy, Retries, RouteTable
from graymesh.kit.durations import in_seconds
from graymesh.targets.nginx.tree import Directive

CONDITIONS: Final = {
    "connect-failure": ("error",),
    "reset": ("error", "invalid_header"),
    "timeout": ("timeout",),
    "unavailable": ("http_503",),
    "gateway-error": ("http_502", "http_503", "http_504"),
    "5xx": ("http_500", "http_502", "http_503", "http_504"),
}
"""What nginx calls a failed try."""

LONGEST_PAUSE: Final = "24h"
"""A day in which nobody says anything: whoever is still there has begun anew long since."""

_ORDER: Final = ("error", "timeout", "invalid_header", "http_500", "http_502", "http_503", "http_504")


def policy_of(table: RouteTable) -> Policy:
    """The policy of all routes; nginx has one for a location. Raises ValueError when routes differ."""
    policies = {route.policy for route in table.routes}
    if len(policies) > 1:
        raise ValueError("the routes of one release have different timeouts or retries")
    return policies.pop() if policies else Policy()


def policy_directives(policy: Policy) -> Iterator[Directive]:
    """A try may take as long as the whole answer, unless the tries have a limit of their own."""
    retries, try_ms = policy.retries, _try_ms(policy)
    if try_ms is not None:
        for name in ("proxy_connect_timeout", "proxy_send_timeout", "proxy_read_timeout"):
            yield Directive(name, (in_seconds(try_ms),))
    if policy.timeout_ms is not None:
        yield Directive("proxy_next_upstream_timeout", (in_seconds(policy.timeout_ms),))
    if retries:
        yield from _retries(retries)


def _try_ms(policy: Policy) -> int | None:
    retries = policy.retries
    return retries.per_try_ms if retries and retries.per_try_ms is not None else policy.timeout_ms


def stream_directives(policy: Policy, facts: Facts) -> Iterator[Directive]:
    """Answers that go on as they come; without a `timeout` a pause of nginx's 60 s would end them."""
    if ("", "streams") not in facts:
        return
    if ("", "protocol.grpc") not in facts:
        yield Directive("proxy_buffering", ("off",))
    if _try_ms(policy) is None:
        for name in ("proxy_send_timeout", "proxy_read_timeout"):
            yield Directive(name, (LONGEST_PAUSE,))


def server_parameters(facts: Facts) -> tuple[str, ...]:
    """What an upstream's servers are told about failures; nginx counts in whole seconds.

    Where the spec asks for nothing, counting is switched off: by default one failed try takes a server out for 10 s,
    and with all of them out every request is answered 502.
    """
    errors, eject_ms = facts.get(("", "outlier.errors")), facts.get(("", "outlier.eject.ms"))
    if errors is None and eject_ms is None:
        return ("max_fails=0",)
    found = [] if errors is None else [f"max_fails={errors}"]
    if isinstance(eject_ms, int):
        found.append(f"fail_timeout={-(-eject_ms // 1000)}s")
    return tuple(found)


def _retries(retries: Retries) -> Iterator[Directive]:
    if not retries.attempts:
        yield Directive("proxy_next_upstream", ("off",))
        return
    asked = {condition for word in retries.on for condition in CONDITIONS[word]}
    if asked:
        unsafe = ("non_idempotent",) if retries.every_method else ()
        chosen = tuple(condition for condition in _ORDER if condition in asked)
        yield Directive("proxy_next_upstream", (*chosen, *unsafe))
    yield Directive("proxy_next_upstream_tries", (str(retries.attempts + 1),))
