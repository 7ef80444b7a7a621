"""The tests that a spec brings along: requests and who must answer them."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from graymesh.ir import release as ir
from graymesh.ir.wording import percent
from graymesh.language.audiences import MOST_FIELDS
from graymesh.language.part import ANY_CASE, Entries, Maybe, Part, Refers
from graymesh.language.problems import Gathering, Malformed, given
from graymesh.language.service import MOST_VERSIONS
from graymesh.language.values import Plain, Reference, Schema
from graymesh.language.words import (
    PERCENTAGE,
    VERSION_NAME,
    Address,
    Bucket,
    ClaimName,
    CookieName,
    CookieValue,
    HeaderName,
    HostName,
    Method,
    Path,
    QueryName,
    QueryValue,
    Value,
)

_FEW = Entries(0, MOST_FIELDS)


class TestRequest(Part):
    """One request; what is left out is as in `GET /` from a client that sends nothing else."""

    __test__: ClassVar = False  # not a pytest class
    method: Method = Field(default="GET", description="Its method.", examples=["GET"])
    host: Maybe[HostName] = Field(
        default=None,
        description="Its host name; the first domain when left out.",
        examples=["shop.example.com"],
    )
    path: Path = Field(default="/", description="Its path.", examples=["/api/v3/items"])
    query: Annotated[dict[QueryName, QueryValue], _FEW] = Field(
        default={}, description="Its query parameters.", examples=[{"preview": "1"}]
    )
    headers: Annotated[dict[HeaderName, Value], _FEW, ANY_CASE] = Field(
        default={}, description="Its headers.", examples=[{"X-Gray-Version": "v2"}]
    )
    cookies: Annotated[dict[CookieName, CookieValue], _FEW] = Field(
        default={}, description="Its cookies.", examples=[{"beta": "1"}]
    )
    bucket: Maybe[Bucket] = Field(
        default=None,
        description="The bucket of its user, who carries a ticket: the ticket's last four hex digits.",
        examples=["03ff"],
    )
    claims: Annotated[dict[ClaimName, Value], _FEW] = Field(
        default={}, description="Claims of its verified token.", examples=[{"tier": "beta"}]
    )
    source: Address = Field(default="192.0.2.1", description="The client's address.", examples=["198.51.100.7"])


class _Expectation(Plain):
    """A version, or the versions' shares, as basis points by version."""

    _version = Reference("version")

    def read(self, value: Any) -> Mapping[str, int]:
        """Basis points by version, 10,000 together."""
        if not isinstance(value, dict):
            return {self._version.read(value): ir.WHOLE}
        shares: dict[str, int] = {}
        gathering = Gathering()
        for name, share in Entries(1, MOST_VERSIONS).checked(dict, value).items():
            with gathering.below(name, at_key=True):
                VERSION_NAME.read(name)
            with gathering.below(name):
                shares[name] = PERCENTAGE.read(given(name, share))
        gathering.check()
        total = sum(shares.values())
        if total != ir.WHOLE:
            raise Malformed("GM110", f"the shares add up to {total / 100:g}%", "name every version, 100% together")
        return shares

    def write(self, value: Mapping[str, int]) -> Any:
        """The version that gets all, or the shares."""
        if len(value) == 1:
            return next(iter(value))
        return {name: percent(share) for name, share in value.items()}

    def schema(self) -> Schema:
        """A name or an object of percentages."""
        share = {"description": "Share of the requests that this version answers.", **PERCENTAGE.schema()}
        size = {"maxProperties": MOST_VERSIONS, "minProperties": 1}
        shares = {"type": "object", "propertyNames": VERSION_NAME.schema(), "additionalProperties": share, **size}
        return {"anyOf": [self._version.schema(), shares]}


class SpecTest(Part):
    """A request and who must answer it; holds for the spec and for every compiled target."""

    request: TestRequest = Field(description="The request.", examples=[{"headers": {"X-Gray-Version": "v2"}}])
    expect: Annotated[Mapping[str, int], _Expectation(), Refers("version")] = Field(
        description="The version that answers, or the share of each.", examples=["v2"]
    )
