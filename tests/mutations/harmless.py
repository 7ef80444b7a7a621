"""The places of artifacts where a change changes nothing, each with the reason why. Whatever else is changed must show.

An entry holds for a kind of place, never for one file; `when` decides from the text before and after, where the place
alone does not tell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from tests.mutations import oracles
from tests.mutations.mutant import Mutant


def always(_before: str, _after: str) -> bool:
    """Wherever the place is."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmless:
    """`place` and `change` are patterns for the whole of a mutant's place and change."""

    target: str
    place: str
    change: str = ".*"
    because: str
    when: Callable[[str, str], bool] = always

    def covers(self, target: str, mutant: Mutant, before: str) -> bool:
        """Is this a change that changes nothing?"""
        return (
            self.target == target
            and re.fullmatch(self.place, mutant.place, re.DOTALL) is not None
            and re.fullmatch(self.change, mutant.change, re.DOTALL) is not None
            and self.when(before, mutant.text)
        )


def in_case_only(before: str, after: str) -> bool:
    """Upper and lower case is all that differs."""
    return before.lower() == after.lower()


def same_buckets_in_istio(before: str, after: str) -> bool:
    """Every value of every bucket cookie still gets the same."""
    return all(
        oracles.istio_buckets(one, cookie) == oracles.istio_buckets(two, cookie)
        for one, two in zip(_http_routes(before), _http_routes(after), strict=True)
        for cookie in _bucket_cookies(before)
    )


def same_buckets_in_spring(before: str, after: str) -> bool:
    """Every value of every bucket cookie still gets the same."""
    return all(
        oracles.spring_buckets(spring_routes(before), cookie) == oracles.spring_buckets(spring_routes(after), cookie)
        for cookie in _bucket_cookies(before)
    )


def same_order_in_spring(before: str, after: str) -> bool:
    """The routes are still tried in the same order."""
    return oracles.spring_ranks(spring_routes(before)) == oracles.spring_ranks(spring_routes(after))


def spring_routes(text: str) -> Sequence[Mapping[str, Any]]:
    """The list of routes in an application file."""
    found: Sequence[Mapping[str, Any]] = yaml.safe_load(text)["spring"]["cloud"]["gateway"]["server"]["webflux"]["routes"]
    return found


def _http_routes(text: str) -> list[Sequence[Mapping[str, Any]]]:
    return [each["spec"]["http"] for each in yaml.safe_load_all(text) if each["kind"] == "VirtualService"]


def _bucket_cookies(text: str) -> set[str]:
    return set(re.findall(r"([\w-]+-bucket)\b", text))


_SPRING_ROUTE = "0/spring/cloud/gateway/server/webflux/routes/[0-9]+"

HARMLESS = (
    Harmless(
        target="istio",
        place="[0-9]+/metadata/labels(/.*)?",
        because="by these labels people find objects; Istio's routes ask for the labels of pods",
    ),
    Harmless(
        target="istio",
        place="[0-9]+/metadata/name",
        change="(?!left out).*",
        because="names tell objects apart, and nothing refers to them",
    ),
    Harmless(
        target="istio",
        place="[0-9]+/spec/http/[0-9]+/name",
        because="the name of a route shows up in logs only",
    ),
    Harmless(
        target="istio",
        place="[0-9]+/spec/trafficPolicy/loadBalancer/simple",
        change="left out",
        because="LEAST_REQUEST is what Istio does without being told",
    ),
    Harmless(
        target="istio",
        place="[0-9]+/spec/http/[0-9]+/match/[0-9]+/headers/cookie/regex",
        because="an earlier route takes the buckets that this one gains or loses",
        when=same_buckets_in_istio,
    ),
    Harmless(
        target="spring-cloud-gateway",
        place=f"{_SPRING_ROUTE}/id",
        because="ids name routes; none of them takes part in the choice",
    ),
    Harmless(
        target="spring-cloud-gateway",
        place=f"{_SPRING_ROUTE}/order",
        because="the routes are still tried in the same order; a missing one is 0",
        when=same_order_in_spring,
    ),
    Harmless(
        target="spring-cloud-gateway",
        place=f"{_SPRING_ROUTE}/predicates/[0-9]+/args/header",
        because="names of headers have no case",
        when=in_case_only,
    ),
    Harmless(
        target="spring-cloud-gateway",
        place=f"{_SPRING_ROUTE}/filters/[0-9]+/args/name",
        because="names of headers have no case, and these filters name nothing else",
        when=in_case_only,
    ),
    Harmless(
        target="spring-cloud-gateway",
        place=f"{_SPRING_ROUTE}/filters/[0-9]+/args/series",
        change="left out",
        because="SERVER_ERROR is what the Retry filter repeats without being told",
    ),
    Harmless(
        target="spring-cloud-gateway",
        place=f"{_SPRING_ROUTE}/filters/[0-9]+/args/statuses",
        change="left out",
        because="the Retry filter repeats no single status without being told, and none is written here",
    ),
    Harmless(
        target="spring-cloud-gateway",
        place=f"{_SPRING_ROUTE}/predicates/[0-9]+/args/regexp",
        because="an earlier route takes the buckets that this one gains or loses",
        when=same_buckets_in_spring,
    ),
    Harmless(
        target="sentinel",
        place="[0-9]+/(grade|strategy|controlBehavior|resourceMode|intervalSec)",
        change="left out",
        because="the value that stood there is the one that the rule's class has without it",
        when=lambda before, after: _with_defaults(before) == _with_defaults(after),
    ),
    Harmless(
        target="sentinel",
        place="[0-9]+/limitApp",
        change="(left out|'default' → '')",
        because="the managers read no caller, and a blank one, as `default`, which is every caller",
    ),
)


def _with_defaults(text: str) -> list[Mapping[str, Any]]:
    """The rules with what Sentinel's classes give to fields that are not there."""
    return [_completed(rule) for rule in json.loads(text)]


def _completed(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    if "timeWindow" in rule:
        return {"grade": 0, **rule}
    if "intervalSec" in rule or "resourceMode" in rule:
        return {"grade": 1, "intervalSec": 1, "resourceMode": 0, **rule}
    return {"grade": 1, "strategy": 0, "controlBehavior": 0, **rule}
