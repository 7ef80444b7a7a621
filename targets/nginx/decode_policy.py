"""What a location does when upstreams are slow or fail: timeouts and retries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from graymesh.ir.release import Policy, Retries
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.nginx.decode_levels import Levels
from graymesh.targets.nginx.decode_numbers import milliseconds, whole_number
from graymesh.targets.nginx.syntax import ParsedDirective

_CONDITIONS: Final = (
    (("http_500", "http_502", "http_503", "http_504"), "5xx"),
    (("http_502", "http_503", "http_504"), "gateway-error"),
    (("http_503",), "unavailable"),
    (("error", "invalid_header"), "reset"),
    (("error",), "connect-failure"),
    (("timeout",), "timeout"),
)
_ALL_TRIES: Final = "proxy_next_upstream_timeout"
_TRY_TIMEOUTS: Final = ("proxy_connect_timeout", "proxy_send_timeout", "proxy_read_timeout")
_UNSAFE: Final = "non_idempotent"
"""POST, LOCK and PATCH too are passed on after they were sent (ngx_http_proxy_module, proxy_next_upstream)."""


def policy(levels: Levels) -> Policy:
    """Timeouts and retries of a location. Raises NotUnderstood for what a policy cannot say."""
    per_try = None if pause_ms(levels) else _per_try(levels)
    total, retries = _time_of(levels, _ALL_TRIES), _retries(levels)
    if per_try == total:
        return Policy(timeout_ms=total, retries=retries)
    if per_try is None:
        raise NotUnderstood(_ALL_TRIES, "no single try has a limit", levels.effective(_ALL_TRIES)[0])
    if not retries or not retries.attempts:
        why = "a limit for each try, but not for the whole"
        raise NotUnderstood(_TRY_TIMEOUTS[0], why, levels.effective(_TRY_TIMEOUTS[0])[0])
    return Policy(timeout_ms=total, retries=replace(retries, per_try_ms=per_try))


def pause_ms(levels: Levels) -> int | None:
    """How long both sides may say nothing, where that is all that is limited."""
    connecting, sending, reading = (_time_of(levels, name) for name in _TRY_TIMEOUTS)
    alone = connecting is None and _time_of(levels, _ALL_TRIES) is None
    return reading if alone and sending == reading else None


def _time_of(levels: Levels, name: str) -> int | None:
    found = levels.effective(name)
    if not found:
        return None
    if len(found) != 1 or len(found[0].arguments) != 1:
        raise NotUnderstood(name, "it appears twice, or takes one time", found[0])
    return milliseconds(found[0].arguments[0], found[0]) or None


def _per_try(levels: Levels) -> int | None:
    """The limit of one try, which holds for connecting, sending and reading alike."""
    limits = {name: _time_of(levels, name) for name in _TRY_TIMEOUTS}
    if len(set(limits.values())) > 1:
        where = next(levels.effective(name)[0] for name in _TRY_TIMEOUTS if limits[name] is not None)
        raise NotUnderstood(where.name, "connecting, sending and reading have different limits", where)
    return limits[_TRY_TIMEOUTS[0]]


def _retries(levels: Levels) -> Retries | None:
    conditions, tries = levels.effective("proxy_next_upstream"), levels.effective("proxy_next_upstream_tries")
    if conditions and conditions[0].arguments == ("off",):
        return Retries(attempts=0)
    limit = whole_number(tries[0]) if tries else 0
    if not limit:
        if conditions and set(conditions[0].arguments) != {"error", "timeout"}:
            raise NotUnderstood("proxy_next_upstream", "the number of tries has no limit", conditions[0])
        return None
    return Retries(
        attempts=limit - 1,
        on=tuple(sorted(_words(conditions[0]))) if conditions else (),
        every_method=bool(conditions and _UNSAFE in conditions[0].arguments and limit > 1),
    )


def _words(directive: ParsedDirective) -> Iterator[str]:
    left = set(directive.arguments) - {_UNSAFE}
    for names, word in _CONDITIONS:
        if left.issuperset(names):
            left.difference_update(names)
            yield word
            if word == "reset":
                yield "connect-failure"
    if left:
        raise NotUnderstood("proxy_next_upstream", f"{' '.join(sorted(left))} is not understood", directive)
