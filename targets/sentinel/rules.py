"""When a rule does something: the conditions of Sentinel 1.8.9's managers, as data.

A rule that breaks one of `valid` is dropped by its manager with a line in a log. A rule that breaks one of `acts` is
loaded, and then does nothing or something else than its fields say. Both are refused here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from graymesh.targets.sentinel import columns
from graymesh.targets.sentinel.columns import Columns

Rule: TypeAlias = Mapping[str, Any]
"""A rule with every field that its class has; numbers are int or Decimal."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of one field; `message` says it in words."""

    field: str
    holds: Callable[[Rule], bool]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleKind:
    """One sort of rule: its fields, what its manager demands, and what it needs to act as it reads."""

    name: str
    columns: Columns
    valid: tuple[Condition, ...]
    acts: tuple[Condition, ...] = ()

    def broken(self, rule: Rule) -> Iterator[Condition]:
        """The conditions that the rule breaks, the manager's first."""
        return (condition for condition in (*self.valid, *self.acts) if not condition.holds(rule))


def blank(value: str | None) -> bool:
    """Java's idea of an empty name: null, or nothing but white space."""
    return not value or value.isspace()


def _whole(value: Any) -> bool:
    return bool(value == value // 1)


def _cluster(rule: Rule) -> Rule:
    return rule["clusterConfig"] or {}


def _window(rule: Rule) -> bool:
    config = _cluster(rule)
    samples, interval = config.get("sampleCount", 1), config.get("windowIntervalMs", 1)
    return bool(samples > 0 and interval > 0 and interval % samples == 0)


def _waits(rule: Rule) -> bool:
    config = _cluster(rule)
    return bool(config.get("clientOfflineTime", 1) > 0 and config.get("resourceTimeout", 1) > 0)


def _local(rule: Rule) -> bool:
    return not rule["clusterMode"]


def _qps(rule: Rule) -> bool:
    return bool(rule["grade"] == 1)


def _flow_id(rule: Rule) -> bool:
    return _local(rule) or (_cluster(rule).get("flowId") or 0) > 0


def _plain_callers(rule: Rule) -> bool:
    return blank(rule["limitApp"]) or rule["limitApp"] == "default"


_RESOURCE = Condition("resource", lambda r: not blank(r["resource"]), "must name a resource")
_COUNT = Condition("count", lambda r: r["count"] >= 0, "must be 0 or more")
_CALLERS = Condition("limitApp", _plain_callers, "is not looked at by this kind of rule: it holds for every caller")
_WHOLE = Condition("count", lambda r: _whole(r["count"]), "is cut to a whole number")
_GRADE = Condition("grade", lambda r: r["grade"] in (0, 1), "must be 0 (requests at once) or 1 (requests per second)")
_BEHAVIOUR = Condition(
    "controlBehavior",
    lambda r: r["controlBehavior"] == 0 or (r["controlBehavior"] == 2 and r["grade"] == 1),
    "must be 0 (reject) or, for requests per second, 2 (queue); any other value rejects",
)
_CLUSTER_CONDITIONS = (
    Condition("clusterConfig", lambda r: _local(r) or r["clusterConfig"] is not None, "must be there in cluster mode"),
    Condition("clusterConfig.flowId", _flow_id, "must be above 0 in cluster mode"),
    Condition("clusterConfig.sampleCount", lambda r: _local(r) or _window(r), "must divide windowIntervalMs"),
)
_THRESHOLD = Condition(
    "clusterConfig.thresholdType",
    lambda r: _local(r) or _cluster(r).get("thresholdType", 0) in (0, 1),
    "must be 0 (per client) or 1 (all together)",
)

FLOW: Final = RuleKind(
    name="flow",
    columns=columns.FLOW,
    valid=(
        _RESOURCE,
        _COUNT,
        _GRADE,
        Condition("strategy", lambda r: r["strategy"] >= 0, "must be 0 or more"),
        Condition("controlBehavior", lambda r: r["controlBehavior"] >= 0, "must be 0 or more"),
        Condition(
            "refResource",
            lambda r: not _qps(r) or r["strategy"] not in (1, 2) or not blank(r["refResource"]),
            "must name the resource that strategy 1 or 2 looks at",
        ),
        Condition(
            "warmUpPeriodSec",
            lambda r: not _qps(r) or r["controlBehavior"] not in (1, 3) or r["warmUpPeriodSec"] > 0,
            "must be above 0 for warming up",
        ),
        Condition(
            "maxQueueingTimeMs",
            lambda r: not _qps(r) or r["controlBehavior"] not in (2, 3) or r["maxQueueingTimeMs"] > 0,
            "must be above 0 for queueing",
        ),
        Condition(
            "regex",
            lambda r: not r["regex"] or (_local(r) and r["controlBehavior"] == 0),
            "goes with controlBehavior 0 only, and not with cluster mode",
        ),
        *_CLUSTER_CONDITIONS,
        Condition(
            "clusterConfig.strategy",
            lambda r: _local(r) or not _qps(r) or _cluster(r).get("strategy", 0) == 0,
            "must be 0",
        ),
        Condition(
            "clusterConfig.resourceTimeout",
            lambda r: _local(r) or _qps(r) or _waits(r),
            "and clientOfflineTime must be above 0 for requests at once",
        ),
        Condition(
            "clusterConfig.acquireRefuseStrategy",
            lambda r: _local(r) or _qps(r) or _cluster(r).get("acquireRefuseStrategy", 0) >= 0,
            "must be 0 or more",
        ),
        Condition(
            "clusterConfig.resourceTimeoutStrategy",
            lambda r: _local(r) or _qps(r) or _cluster(r).get("resourceTimeoutStrategy", 0) >= 0,
            "must be 0 or more",
        ),
    ),
    acts=(
        Condition("strategy", lambda r: r["strategy"] in (0, 1, 2), "is unknown: the rule never acts"),
        Condition(
            "refResource",
            lambda r: _qps(r) or r["strategy"] == 0 or not blank(r["refResource"]),
            "is missing: the rule never acts",
        ),
        Condition("controlBehavior", lambda r: r["controlBehavior"] in (0, 1, 2, 3), "is unknown: it rejects"),
        Condition(
            "controlBehavior",
            lambda r: _qps(r) or r["controlBehavior"] == 0,
            "has no effect on requests at once",
        ),
        Condition(
            "limitApp",
            lambda r: "," not in (r["limitApp"] or ""),
            "is compared as a whole: a list of callers never matches",
        ),
        _THRESHOLD,
    ),
)

DEGRADE: Final = RuleKind(
    name="degrade",
    columns=columns.DEGRADE,
    valid=(
        _RESOURCE,
        _COUNT,
        Condition("timeWindow", lambda r: r["timeWindow"] > 0, "must be above 0 seconds"),
        Condition("minRequestAmount", lambda r: r["minRequestAmount"] > 0, "must be above 0"),
        Condition("statIntervalMs", lambda r: r["statIntervalMs"] > 0, "must be above 0"),
        Condition(
            "grade",
            lambda r: r["grade"] in (0, 1, 2),
            "must be 0 (slow answers), 1 (share of errors) or 2 (number of errors)",
        ),
        Condition(
            "slowRatioThreshold",
            lambda r: r["grade"] != 0 or 0 <= r["slowRatioThreshold"] <= 1,
            "must be a fraction from 0 to 1",
        ),
        Condition("count", lambda r: r["grade"] != 1 or r["count"] <= 1, "must be a fraction from 0 to 1"),
    ),
    acts=(_CALLERS,),
)

_SYSTEM_FIELDS: Final = ("highestSystemLoad", "highestCpuUsage", "qps", "avgRt", "maxThread")

SYSTEM: Final = RuleKind(
    name="system",
    columns=columns.SYSTEM,
    valid=(
        Condition("highestCpuUsage", lambda r: r["highestCpuUsage"] <= 1, "must be a fraction: 0.9, not 90"),
        Condition(
            "highestSystemLoad",
            lambda r: any(r[name] >= 0 for name in _SYSTEM_FIELDS),
            "or another limit must be set: a last rule without one switches all system rules off",
        ),
    ),
    acts=(
        Condition(
            "resource", lambda r: blank(r["resource"]), "has no effect: system rules hold for every inbound call"
        ),
        _CALLERS,
    ),
)

AUTHORITY: Final = RuleKind(
    name="authority",
    columns=columns.AUTHORITY,
    valid=(
        _RESOURCE,
        Condition("strategy", lambda r: r["strategy"] >= 0, "must be 0 or more"),
        Condition("limitApp", lambda r: not blank(r["limitApp"]), "must name callers"),
    ),
    acts=(
        Condition("strategy", lambda r: r["strategy"] in (0, 1), "is neither 0 (only these) nor 1 (not these)"),
        Condition(
            "limitApp",
            lambda r: all(part and part == part.strip() for part in (r["limitApp"] or "").split(",")),
            "has a blank in its list: that caller never matches",
        ),
    ),
)

PARAM_FLOW: Final = RuleKind(
    name="param-flow",
    columns=columns.PARAM_FLOW,
    valid=(
        _RESOURCE,
        Condition("paramIdx", lambda r: r["paramIdx"] is not None, "must be set"),
        _COUNT,
        Condition("grade", lambda r: r["grade"] >= 0, "must be 0 or more"),
        Condition("controlBehavior", lambda r: r["controlBehavior"] >= 0, "must be 0 or more"),
        Condition("burstCount", lambda r: r["burstCount"] >= 0, "must be 0 or more"),
        Condition("durationInSec", lambda r: r["durationInSec"] > 0, "must be above 0"),
        Condition("maxQueueingTimeMs", lambda r: r["maxQueueingTimeMs"] >= 0, "must be 0 or more"),
        Condition(
            "regex",
            lambda r: not r["regex"] or (_local(r) and r["controlBehavior"] == 0),
            "goes with controlBehavior 0 only, and not with cluster mode",
        ),
        *_CLUSTER_CONDITIONS,
    ),
    acts=(
        _GRADE,
        _BEHAVIOUR,
        _WHOLE,
        _CALLERS,
        _THRESHOLD,
        Condition(
            "burstCount",
            lambda r: r["controlBehavior"] != 2 or r["burstCount"] == 0,
            "has no effect beside queueing",
        ),
        Condition(
            "paramFlowItemList",
            lambda r: all(_hot_item(item) for item in r["paramFlowItemList"] or ()),
            "holds an item that Sentinel drops: each needs object, count (0 or more) and a known classType",
        ),
    ),
)


_ITEM_VALUES: Final = {
    "": re.compile(r"(?s).*"),
    "string": re.compile(r"(?s).*"),
    "boolean": re.compile(r"true|false"),
    "byte": re.compile(r"-?[0-9]{1,2}"),
    "short": re.compile(r"-?[0-9]{1,4}"),
    "int": re.compile(r"-?[0-9]{1,9}"),
    "integer": re.compile(r"-?[0-9]{1,9}"),
    "long": re.compile(r"-?[0-9]{1,18}"),
}


def _hot_item(item: Rule) -> bool:
    if item["object"] is None or item["count"] is None or item["count"] < 0:
        return False
    pattern = _ITEM_VALUES.get((item["classType"] or "").removeprefix("java.lang.").lower())
    return pattern is not None and pattern.fullmatch(item["object"]) is not None


def _item(rule: Rule) -> Rule:
    return rule["paramItem"] or {"parseStrategy": 0, "fieldName": None, "pattern": None, "matchStrategy": 0}


GATEWAY_FLOW: Final = RuleKind(
    name="gateway-flow",
    columns=columns.GATEWAY_FLOW,
    valid=(
        _RESOURCE,
        Condition("resourceMode", lambda r: r["resourceMode"] >= 0, "must be 0 or more"),
        Condition("grade", lambda r: r["grade"] >= 0, "must be 0 or more"),
        _COUNT,
        Condition("intervalSec", lambda r: r["intervalSec"] > 0, "must be above 0"),
        Condition("controlBehavior", lambda r: r["controlBehavior"] >= 0, "must be 0 or more"),
        Condition("burst", lambda r: r["burst"] >= 0, "must be 0 or more"),
        Condition("maxQueueingTimeoutMs", lambda r: r["maxQueueingTimeoutMs"] >= 0, "must be 0 or more"),
        Condition("paramItem.parseStrategy", lambda r: _item(r)["parseStrategy"] >= 0, "must be 0 or more"),
        Condition(
            "paramItem.fieldName",
            lambda r: _item(r)["parseStrategy"] not in (2, 3, 4) or not blank(_item(r)["fieldName"]),
            "must name the header, parameter or cookie",
        ),
        Condition(
            "paramItem.matchStrategy",
            lambda r: not _item(r)["pattern"] or _item(r)["matchStrategy"] >= 0,
            "must be 0 or more",
        ),
    ),
    acts=(
        Condition(
            "resourceMode", lambda r: r["resourceMode"] in (0, 1), "is neither 0 (route id) nor 1 (group of paths)"
        ),
        _GRADE,
        _BEHAVIOUR,
        _WHOLE,
        Condition("burst", lambda r: r["controlBehavior"] != 2 or r["burst"] == 0, "has no effect beside queueing"),
        Condition(
            "paramItem.parseStrategy",
            lambda r: _item(r)["parseStrategy"] in (0, 1, 2, 3, 4),
            "is unknown: the rule never acts",
        ),
        Condition(
            "paramItem.matchStrategy",
            lambda r: not _item(r)["pattern"] or _item(r)["matchStrategy"] in (0, 2, 3),
            "must be 0 (exact), 2 (regex) or 3 (contains): with any other, every value is limited",
        ),
    ),
)

API_GROUP: Final = RuleKind(
    name="api-groups",
    columns=columns.API_GROUP,
    valid=(
        Condition("apiName", lambda r: not blank(r["apiName"]), "must be set"),
        Condition("predicateItems", lambda r: r["predicateItems"] is not None, "must be a list"),
    ),
)

KINDS: Final[Mapping[str, RuleKind]] = {
    kind.name: kind for kind in (FLOW, DEGRADE, SYSTEM, AUTHORITY, PARAM_FLOW, GATEWAY_FLOW, API_GROUP)
}
