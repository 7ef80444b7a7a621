"""Rules in words, for those that say more than a spec can: two rules have the same words only if they act the same."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from graymesh.targets.sentinel.rules import Rule, blank


def number(value: int | Decimal) -> str:
    """The number without needless zeros: `500`, `0.25`."""
    return str(int(value)) if value == value // 1 else f"{Decimal(value).normalize():f}"


def flow(rule: Rule) -> str:
    """`at most 500 requests per second from caller "shop", queued up to 500 ms`."""
    unit = "requests per second" if rule["grade"] == 1 else "requests at once"
    parts = [f"at most {number(rule['count'])} {unit}{_callers(rule)}{_related(rule)}"]
    if rule["controlBehavior"] in (1, 3):
        parts.append(f"warming up over {rule['warmUpPeriodSec']} s")
    if rule["controlBehavior"] in (2, 3):
        parts.append(f"queued up to {rule['maxQueueingTimeMs']} ms")
    return ", ".join([*parts, *_scope(rule)])


def degrade(rule: Rule) -> str:
    """`open for 10 s when more than 0.5 of at least 5 answers in 1000 ms take over 200 ms`."""
    window = f"{rule['minRequestAmount']} answers in {rule['statIntervalMs']} ms"
    amount = number(rule["count"])
    match rule["grade"]:
        case 0:
            cause = f"more than {number(rule['slowRatioThreshold'])} of at least {window} take over {amount} ms"
        case 1:
            cause = f"more than {amount} of at least {window} are errors"
        case _:
            cause = f"more than {amount} of at least {window} are errors, by number"
    return ", ".join([f"open for {rule['timeWindow']} s when {cause}", *_scope(rule)])


def system(name: str, value: int | Decimal) -> str:
    """`highestSystemLoad at most 2.5`, for every inbound call of the process."""
    return f"{name} at most {number(value)}"


def authority(rule: Rule) -> str:
    """`only callers "shop", "cart"; a call without a caller passes`."""
    callers = ", ".join(sorted(quoted(caller) for caller in set(rule["limitApp"].split(","))))
    which = f"only callers {callers}" if rule["strategy"] == 0 else f"not callers {callers}"
    return ", ".join([f"{which}; a call without a caller passes", *_scope(rule)])


def param_flow(rule: Rule) -> str:
    """`at most 10 requests in 1 s for each value of argument 0, but 100 for "vip"`."""
    unit = f"requests in {rule['durationInSec']} s" if rule["grade"] == 1 else "requests at once"
    parts = [f"at most {number(rule['count'])} {unit} for each value of argument {rule['paramIdx']}"]
    items = sorted((item["object"], item["classType"] or "", item["count"]) for item in rule["paramFlowItemList"] or ())
    parts += [f"but {count} for {quoted(value)}{f' ({kind})' if kind else ''}" for value, kind, count in items]
    if rule["burstCount"]:
        parts.append(f"{rule['burstCount']} more in a burst")
    if rule["controlBehavior"] == 2:
        parts.append(f"queued up to {rule['maxQueueingTimeMs']} ms")
    return ", ".join([*parts, *_scope(rule)])


_READ = ("client address", "host", "header", "query parameter", "cookie")
_MATCH = {0: "is", 2: "matches", 3: "contains"}


def gateway_flow(rule: Rule) -> str:
    """`group shop: at most 10 requests in 1 s for each value of header x-user`."""
    unit = f"requests in {rule['intervalSec']} s" if rule["grade"] == 1 else "requests at once"
    where = "route" if rule["resourceMode"] == 0 else "group"
    parts = [f"{where} {rule['resource']}: at most {number(rule['count'])} {unit}{_values(rule['paramItem'])}"]
    if rule["burst"]:
        parts.append(f"{rule['burst']} more in a burst")
    if rule["controlBehavior"] == 2:
        parts.append(f"queued up to {rule['maxQueueingTimeoutMs']} ms")
    return ", ".join(parts)


def quoted(text: str) -> str:
    """The text between quotes, so that no name can be taken for words."""
    return json.dumps(text)


def _values(item: dict[str, Any] | None) -> str:
    if item is None:
        return ""
    named = f" {quoted(item['fieldName'])}" if item["parseStrategy"] >= 2 else ""
    pattern = f" that {_MATCH[item['matchStrategy']]} {quoted(item['pattern'])}" if item["pattern"] else ""
    return f" for each value of {_READ[item['parseStrategy']]}{named}{pattern}"


def _callers(rule: Rule) -> str:
    if blank(rule["limitApp"]) or rule["limitApp"] == "default":
        return ""
    return " from other callers" if rule["limitApp"] == "other" else f" from caller {quoted(rule['limitApp'])}"


def _related(rule: Rule) -> str:
    match rule["strategy"]:
        case 1:
            return f", counted on resource {quoted(rule['refResource'])}"
        case 2:
            return f", entered through {quoted(rule['refResource'])}"
        case _:
            return ""


def _scope(rule: Rule) -> list[str]:
    parts = ["on every resource whose name matches"] if rule["regex"] else []
    if rule.get("clusterMode"):
        config = " ".join(f"{name}={value}" for name, value in rule["clusterConfig"].items())
        parts.append(f"counted by the token server ({config})")
    return parts
