"""The fields of Sentinel's rules, as the classes of com.alibaba.csp 1.8.9 declare them: Java type and default value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

JavaType: TypeAlias = Literal["int", "long", "double", "boolean", "Integer", "Long", "String", "object", "list"]
Columns: TypeAlias = Mapping[str, "Column"]


@dataclass(frozen=True, slots=True)
class Column:
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
    "id": Column("Long"),
    "resource": Column("String"),
    "limitApp": Column("String"),
    "regex": Column("boolean", False),
}

_WINDOW: Columns = {
    "flowId": Column("Long"),
    "thresholdType": Column("int", 0),
    "sampleCount": Column("int", 10),
    "windowIntervalMs": Column("int", 1000),
}

_CLUSTER: Columns = {
    **_WINDOW,
    "fallbackToLocalWhenFail": Column("boolean", True),
    "strategy": Column("int", 0),
    "resourceTimeout": Column("long", 2000),
    "resourceTimeoutStrategy": Column("int", 0),
    "acquireRefuseStrategy": Column("int", 0),
    "clientOfflineTime": Column("long", 2000),
}

_PARAM_CLUSTER: Columns = {**_WINDOW, "fallbackToLocalWhenFail": Column("boolean", False)}

_HOT_ITEM: Columns = {"object": Column("String"), "count": Column("Integer"), "classType": Column("String")}

_GATEWAY_ITEM: Columns = {
    "index": Column("Integer"),
    "parseStrategy": Column("int", 0),
    "fieldName": Column("String"),
    "pattern": Column("String"),
    "matchStrategy": Column("int", 0),
}

_PATH_ITEM: Columns = {"pattern": Column("String"), "matchStrategy": Column("int", 0)}

FLOW: Columns = {
    **_ABSTRACT,
    "limitApp": Column("String", "default"),
    "grade": Column("int", 1),
    "count": Column("double", 0),
    "strategy": Column("int", 0),
    "refResource": Column("String"),
    "controlBehavior": Column("int", 0),
    "warmUpPeriodSec": Column("int", 10),
    "maxQueueingTimeMs": Column("int", 500),
    "clusterMode": Column("boolean", False),
    "clusterConfig": Column("object", None, _CLUSTER),
}

DEGRADE: Columns = {
    **_ABSTRACT,
    "grade": Column("int", 0),
    "count": Column("double", 0),
    "timeWindow": Column("int", 0),
    "minRequestAmount": Column("int", 5),
    "slowRatioThreshold": Column("double", 1),
    "statIntervalMs": Column("int", 1000),
}

SYSTEM: Columns = {
    **_ABSTRACT,
    "highestSystemLoad": Column("double", -1),
    "highestCpuUsage": Column("double", -1),
    "qps": Column("double", -1),
    "avgRt": Column("long", -1),
    "maxThread": Column("long", -1),
}

AUTHORITY: Columns = {**_ABSTRACT, "strategy": Column("int", 0)}

PARAM_FLOW: Columns = {
    **_ABSTRACT,
    "grade": Column("int", 1),
    "paramIdx": Column("Integer"),
    "count": Column("double", 0),
    "controlBehavior": Column("int", 0),
    "maxQueueingTimeMs": Column("int", 0),
    "burstCount": Column("int", 0),
    "durationInSec": Column("long", 1),
    "paramFlowItemList": Column("list", (), _HOT_ITEM),
    "clusterMode": Column("boolean", False),
    "clusterConfig": Column("object", None, _PARAM_CLUSTER),
}

GATEWAY_FLOW: Columns = {
    "resource": Column("String"),
    "resourceMode": Column("int", 0),
    "grade": Column("int", 1),
    "count": Column("double", 0),
    "intervalSec": Column("long", 1),
    "controlBehavior": Column("int", 0),
    "burst": Column("int", 0),
    "maxQueueingTimeoutMs": Column("int", 500),
    "paramItem": Column("object", None, _GATEWAY_ITEM),
}

API_GROUP: Columns = {"apiName": Column("String"), "predicateItems": Column("list", None, _PATH_ITEM)}
