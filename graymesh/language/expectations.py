"""The tests that a spec brings along: requests and who must answer them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from graymesh.ir import release as ir
from graymesh.ir.wording import percent
from graymesh.language.audiences import MOST_FIELDS
from graymesh.language.part import ANY_CASE, ONE_OR_LIST, UNIQUE, Entries, Maybe, Part, Refers
from graymesh.language.problems import Gathering, Malformed, given
from graymesh.language.service import MOST_VERSIONS
from graymesh.language.stages import MOST_STAGES
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
    StageRef,
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
    """A request and who must answer it; holds for the spec and for every compiled target.

    Without `stage` and `from` it must hold at every stage, wherever the release stands.
    """

    request: TestRequest = Field(description="The request.", examples=[{"headers": {"X-Gray-Version": "v2"}}])
    expect: Annotated[Mapping[str, int], _Expectation(), Refers("version")] = Field(
        description="The version that answers, or the share of each.", examples=["v2"]
    )
    stage: Maybe[Annotated[tuple[StageRef, ...], Entries(1, MOST_STAGES), UNIQUE, ONE_OR_LIST]] = Field(
        default=None,
        description="The stage at which it is judged, or a list of them; wherever the release stands.",
        examples=["gray-5"],
    )
    judged_from: Maybe[StageRef] = Field(
        alias="from",
        default=None,
        description="The stage at which it is judged, and at all later ones; every stage when neither is said.",
        examples=["gray-5"],
    )

    @model_validator(mode="after")
    def _judged_in_one_way(self) -> Self:
        if self.stage is not None and self.judged_from is not None:
            message = "a test has either a stage or a from"
            raise Malformed("GM110", message, "stage: names single stages, from: begins a range", below=("from",))
        return self

    def stages(self, names: Sequence[str]) -> tuple[str, ...]:
        """At which of the release's stages, in their order, it is judged."""
        if self.judged_from is not None:
            return tuple(names[names.index(self.judged_from) :])
        return tuple(name for name in names if self.stage is None or name in self.stage)
