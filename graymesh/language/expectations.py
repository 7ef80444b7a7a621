"""The tests that a spec brings along: requests and who must answer them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graymesh.ir import release as ir
from graymesh.language.record import One, Record, field
from graymesh.language.routing import MOST_FIELDS, MOST_VERSIONS
from graymesh.language.scalars import Malformed
from graymesh.language.shapes import MapOf, Place, Reference, Schema
from graymesh.language.words import (
    ADDRESS,
    CLAIM_NAME,
    COOKIE_NAME,
    COOKIE_VALUE,
    HEADER_NAME,
    HOST_NAME,
    METHOD,
    PATH,
    PERCENTAGE,
    QUERY_NAME,
    QUERY_VALUE,
    VALUE,
    VERSION_NAME,
)


class TestRequest(Record):
    """One request; what is left out is as in `GET /` from a client that sends nothing else."""

    __test__ = False  # not a pytest class
    method: str = field(METHOD, "Its method.", example="GET", default="GET")
    host: str | None = field(
        HOST_NAME, "Its host name; the first domain when left out.", example="shop.example.com", default=None
    )
    path: str = field(PATH, "Its path.", example="/api/v3/items", default="/")
    query: Mapping[str, str] = field(
        MapOf(QUERY_NAME, QUERY_VALUE, most=MOST_FIELDS), "Its query parameters.", example={"preview": "1"}, default={}
    )
    headers: Mapping[str, str] = field(
        MapOf(HEADER_NAME, VALUE, most=MOST_FIELDS), "Its headers.", example={"X-Gray-Version": "v2"}, default={}
    )
    cookies: Mapping[str, str] = field(
        MapOf(COOKIE_NAME, COOKIE_VALUE, most=MOST_FIELDS), "Its cookies.", example={"gray-bucket": "0499"}, default={}
    )
    claims: Mapping[str, str] = field(
        MapOf(CLAIM_NAME, VALUE, most=MOST_FIELDS),
        "Claims of its verified token.",
        example={"tier": "beta"},
        default={},
    )
    source: str = field(ADDRESS, "The client's address.", example="198.51.100.7", default="192.0.2.1")


class Expectation:
    """The shape of `expect`: a version, or the versions' shares, as basis points by version."""

    space = ""

    def __init__(self) -> None:
        self._version = Reference("version")
        self._shares = MapOf(VERSION_NAME, PERCENTAGE, least=1, most=MOST_VERSIONS, refers="version")

    def read(self, value: Any, place: Place) -> Mapping[str, int]:
        """Basis points by version, 10,000 together."""
        if not isinstance(value, dict):
            return {self._version.read(value, place): ir.BUCKETS}
        shares = self._shares.read(value, place)
        total = sum(shares.values())
        if len(shares) == len(value) and total != ir.BUCKETS:
            raise Malformed("GM110", f"the shares add up to {total / 100:g}%", "name every version, 100% together")
        return shares

    def schema(self) -> Schema:
        """A name or an object of percentages."""
        shares = self._shares.schema()
        share = {"description": "Share of the requests that this version answers.", **shares["additionalProperties"]}
        return {"anyOf": [self._version.schema(), {**shares, "additionalProperties": share}]}


class SpecTest(Record):
    """A request and who must answer it; holds for the spec and for every compiled target."""

    request: TestRequest = field(One(TestRequest), "The request.", example={"headers": {"X-Gray-Version": "v2"}})
    expect: Mapping[str, int] = field(Expectation(), "The version that answers, or the share of each.", example="v2")
