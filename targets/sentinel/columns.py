"""The fields of Sentinel's rules, as the classes of com.alibaba.csp 1.8.9 declare them: Java type and default value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

JavaType: TypeAlias = Literal["int", "long", "double", "boolean", "Integer", "Long", "String", "object", "list"]
Columns: TypeAlias = Mapping[str, "JavaField"]


@dataclass(frozen=True, slots=True)
class JavaField:
    """One field; types with a capital letter may be null. `shape` is what an object or a list's items consist of."""

    type: JavaType
    default: Any = None
    shape: Columns | None = None

    @property
    def nullable(self) -> bool:
        """May the field be null? Java's primitive types cannot."""
        return self.type not in ("int", "long", "double", "boolean")


BOOKKEEPING: Final = frozenset(["app", "ip", "port", "gmtCreate", "gmtModified"])
"""What Sentinel's dashboard adds to the rules that it stores; no rule manager reads it."""

_ABSTRACT: Columns = {
    "id": JavaField("Long"),
    "resource": JavaField("String"),
    "limitApp": JavaField("String"),
    "regex": JavaField("boolean", False),
}

_WINDOW: Columns = {
    "flowId": JavaField("Long"),
    "thresholdType": JavaField("int", 0),
    "sampleCount": JavaField("int", 10),
    "windowIntervalMs": JavaField("int", 1000),
}

_CLUSTER: Columns = {
    **_WINDOW,
    "fallbackToLocalWhenFail": JavaField("boolean", True),
    "strategy": JavaField("int", 0),
    "resourceTimeout": JavaField("long", 2000),
    "resourceTimeoutStrategy": JavaField("int", 0),
    "acquireRefuseStrategy": JavaField("int", 0),
    "clientOfflineTime": JavaField("long", 2000),
}

_PARAM_CLUSTER: Columns = {**_WINDOW, "fallbackToLocalWhenFail": JavaField("boolean", False)}

_HOT_ITEM: Columns = {"object": JavaField("String"), "count": JavaField("Integer"), "classType": JavaField("String")}

_GATEWAY_ITEM: Columns = {
    "index": JavaField("Integer"),
    "parseStrategy": JavaField("int", 0),
    "fieldName": JavaField("String"),
    "pattern": JavaField("String"),
    "matchStrategy": JavaField("int", 0),
}

_PATH_ITEM: Columns = {"pattern": JavaField("String"), "matchStrategy": JavaField("int", 0)}

FLOW: Columns = {
    **_ABSTRACT,
    "limitApp": JavaField("String", "default"),
    "grade": JavaField("int", 1),
    "count": JavaField("double", 0),
    "strategy": JavaField("int", 0),
    "refResource": JavaField("String"),
    "controlBehavior": JavaField("int", 0),
    "warmUpPeriodSec": JavaField("int", 10),
    "maxQueueingTimeMs": JavaField("int", 500),
    "clusterMode": JavaField("boolean", False),
    "clusterConfig": JavaField("object", None, _CLUSTER),
}

DEGRADE: Columns = {
    **_ABSTRACT,
    "grade": JavaField("int", 0),
    "count": JavaField("double", 0),
    "timeWindow": JavaField("int", 0),
    "minRequestAmount": JavaField("int", 5),
    "slowRatioThreshold": JavaField("double", 1),
    "statIntervalMs": JavaField("int", 1000),
}

SYSTEM: Columns = {
    **_ABSTRACT,
    "highestSystemLoad": JavaField("double", -1),
    "highestCpuUsage": JavaField("double", -1),
    "qps": JavaField("double", -1),
    "avgRt": JavaField("long", -1),
    "maxThread": JavaField("long", -1),
}

AUTHORITY: Columns = {**_ABSTRACT, "strategy": JavaField("int", 0)}

PARAM_FLOW: Columns = {
    **_ABSTRACT,
    "grade": JavaField("int", 1),
    "paramIdx": JavaField("Integer"),
    "count": JavaField("double", 0),
    "controlBehavior": JavaField("int", 0),
    "maxQueueingTimeMs": JavaField("int", 0),
    "burstCount": JavaField("int", 0),
    "durationInSec": JavaField("long", 1),
    "paramFlowItemList": JavaField("list", (), _HOT_ITEM),
    "clusterMode": JavaField("boolean", False),
    "clusterConfig": JavaField("object", None, _PARAM_CLUSTER),
}

GATEWAY_FLOW: Columns = {
    "resource": JavaField("String"),
    "resourceMode": JavaField("int", 0),
    "grade": JavaField("int", 1),
    "count": JavaField("double", 0),
    "intervalSec": JavaField("long", 1),
    "controlBehavior": JavaField("int", 0),
    "burst": JavaField("int", 0),
    "maxQueueingTimeoutMs": JavaField("int", 500),
    "paramItem": JavaField("object", None, _GATEWAY_ITEM),
}

API_GROUP: Columns = {"apiName": JavaField("String"), "predicateItems": JavaField("list", None, _PATH_ITEM)}
