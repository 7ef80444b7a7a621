"""Who gets which version: routes, tickets that stay with a user, the lane that an edge sets, where claims come from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from graymesh.did_you_mean import certain, listed, quoted, suggestion
from graymesh.ir import release as ir
from graymesh.language import written
from graymesh.language.audiences import MOST_AUDIENCES
from graymesh.language.faults import FaultSpec
from graymesh.language.matchers import PlainPathMatcher
from graymesh.language.options import TargetName
from graymesh.language.part import ONE_OR_LIST, Entries, Maybe, Part
from graymesh.language.problems import Gathering, Malformed, Several, each, given, wrong_type
from graymesh.language.ticket_cookie import NameOrMapping, TicketCookie
from graymesh.language.values import Plain, Schema, Text, Whole
from graymesh.language.words import (
    CLAIM_NAME,
    COOKIE_NAME,
    HEADER_NAME,
    PATH,
    PATH_END,
    QUERY_NAME,
    AudienceRef,
    Bucket,
    CohortName,
    DurationSeconds,
    HttpsUrl,
    Issuer,
    LocalName,
    OwnHeaderName,
    Percentage,
    StageRef,
    VersionRef,
)

MOST_ROUTES = 100
MOST_EXCEPTED = 20
FEWEST_DIGITS, MOST_DIGITS = 2, 4
_TAKEN = ("everyone", "excepted", "keyed", "preflights", "stable")
_TAKEN_BEGINNINGS = ("excepted-", "ticket-", "digits-", "draw-", "lane-")


class RouteSpec(Part):
    """Audiences that get one version, whatever the stage's weight."""

    name: LocalName = Field(description="Name of the route.", examples=["beta"])
    audience: Annotated[tuple[AudienceRef, ...], Entries(1, MOST_AUDIENCES), ONE_OR_LIST] = Field(
        description="The audience, or a list of which any will do.", examples=[["testers", "office"]]
    )
    version: VersionRef = Field(description="The version that they get.", examples=["v2"])
    share_basis_points: Maybe[Percentage] = Field(
        alias="share",
        default=None,
        description="The part of the audience that gets the canary, at least; all of it when left out. The others get "
        "what everyone else with their bucket gets.",
        examples=["20%"],
    )
    active_from: Maybe[StageRef] = Field(
        alias="from",
        default=None,
        description="The stage from which on the route is active; always when left out.",
        examples=["gray-5"],
    )
    fault: Maybe[FaultSpec] = Field(default=None, description="Delays and errors made on purpose for this route.")

    @property
    def part_basis_points(self) -> int | None:
        """The share that it gives out of its audience; None when all of the audience gets the version."""
        return None if self.share_basis_points == ir.WHOLE else self.share_basis_points

    @model_validator(mode="after")
    def _has_its_own_name(self) -> Self:
        if self.name in _TAKEN or self.name.startswith(_TAKEN_BEGINNINGS):
            message = f"{quoted(self.name)} is the name of a route that graymesh adds"
            raise Malformed("GM112", message, "choose another name", below=("name",))
        return self

    @model_validator(mode="after")
    def _faults_are_for_all(self) -> Self:
        if self.fault and self.share_basis_points is not None:
            message = "a fault is for all requests of a route, not for a share of its audience"
            raise Malformed("GM110", message, "leave out the share or the fault", below=("fault",))
        return self


class FieldChoice(Plain):
    """`{cookie: uid}`: one part of a request, by its kind and name."""

    _names: Mapping[str, Text] = {
        "header": HEADER_NAME,
        "cookie": COOKIE_NAME,
        "query": QUERY_NAME,
        "claim": CLAIM_NAME,
    }
    _about: Mapping[str, tuple[str, str]] = {
        "header": ("Name of a request header, in any case.", "Authorization"),
        "cookie": ("Name of a cookie.", "uid"),
        "query": ("Name of a query parameter.", "user"),
        "claim": ("Name of a string claim of a verified token; see jwt.", "sub"),
    }

    def __init__(self, *kinds: str, beside: tuple[str, ...] = ()) -> None:
        self.kinds, self.beside = kinds, beside

    def read(self, value: Any) -> ir.Field:
        """The field."""
        if not isinstance(value, dict):
            raise wrong_type(value, "a mapping", f"like {{{self.kinds[0]}: …}}")
        unknown = [self._unknown(kind) for kind in value if kind not in self.kinds]
        if unknown:
            raise Several(unknown)
        if len(value) != 1:
            said = "several parts of a request stand where one belongs" if value else "no part of a request is named"
            raise Malformed("GM110", said, f"one of {listed(self.kinds)}")
        kind = next(iter(value))
        return ir.Field(ir.Kind(kind), each(value.items(), self._names[kind].read)[kind])

    def write(self, value: ir.Field) -> dict[str, str]:
        """The mapping."""
        return written.field(value)

    def schema(self) -> Schema:
        """An object with one of the kinds."""
        properties = {kind: self._described(kind) for kind in self.kinds}
        exactly_one = {"minProperties": 1, "maxProperties": 1}
        return {"type": "object", "properties": properties, "additionalProperties": False, **exactly_one}

    def _unknown(self, kind: str) -> Malformed:
        message, sure = f"{quoted(kind)} is not a key here", certain(kind, known := (*self.kinds, *self.beside)) or ""
        return Malformed("GM101", message, suggestion(kind, known), sure, below=(kind,), at_key=True)

    def _described(self, kind: str) -> Schema:
        doc, example = self._about[kind]
        about = {"title": kind.capitalize(), "description": doc}
        return {**about, **self._names[kind].schema(), "examples": [example]}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a user is. With `digits`, the last so many digits of it are a number that decides, counted from `start`.

    Without, a hash of it decides.
    """

    field: ir.Field
    digits: int | None = None
    start: int = 0


class IdentityChoice(Plain):
    """`{cookie: uid}`, or `{cookie: uid, digits: 2}`: the identity of a user."""

    _more: Mapping[str, tuple[Plain, str, int | str]] = {
        "digits": (
            Whole(FEWEST_DIGITS, MOST_DIGITS),
            "Its last so many digits decide, without any hash; who has fewer gets a ticket.",
            2,
        ),
        "start": (
            Text("a number", str, f"[0-9]{{{FEWEST_DIGITS},{MOST_DIGITS}}}"),
            "The first number of the first canary, in as many digits.",
            "40",
        ),
    }

    def __init__(self, *kinds: str) -> None:
        self._field = FieldChoice(*kinds, beside=tuple(self._more))

    def read(self, value: Any) -> Identity:
        """The identity."""
        if not isinstance(value, dict):
            return Identity(self._field.read(value))
        said = {key: part for key, part in value.items() if key in self._more}
        gathering, problems = Gathering(), list[Malformed]()
        found: dict[str, Any] = {"digits": None, "start": ""}
        try:
            found["field"] = self._field.read({key: part for key, part in value.items() if key not in said})
        except (Malformed, Several) as wrong:
            problems += wrong.problems
        for key, part in said.items():
            with gathering.below(key):
                found[key] = self._more[key][0].read(given(key, part))
        problems += gathering.problems
        if problems:
            raise Several(problems)
        return Identity(found["field"], found["digits"], _first_number(found["start"], found["digits"]))

    def write(self, value: Identity) -> dict[str, Any]:
        """The mapping."""
        digits = {"digits": value.digits} if value.digits else {}
        start = {"start": f"{value.start:0{value.digits}d}"} if value.digits and value.start else {}
        return {**written.field(value.field), **digits, **start}

    def schema(self) -> Schema:
        """An object with one of the kinds, and what is said of its digits."""
        more = {
            key: {"title": key.capitalize(), "description": doc, **read.schema(), "examples": [example]}
            for key, (read, doc, example) in self._more.items()
        }
        return {
            "type": "object",
            "properties": {**self._field.schema()["properties"], **more},
            "additionalProperties": False,
            "dependentRequired": {"start": ["digits"]},
            "oneOf": [{"required": [kind]} for kind in self._field.kinds],
        }


def _first_number(text: str, digits: int | None) -> int:
    """The number with which the first canary begins; 0 when nobody says it."""
    if not text:
        return 0
    if digits is None:
        raise Malformed("GM110", "no digits decide, so there is no first number", "add digits: 2", below=("start",))
    if re.fullmatch(f"[0-9]{{{digits}}}", text) is None:
        advice = f"write it in {digits} digits, like {'0' * (digits - 1)}5"
        raise Malformed("GM106", f"{quoted(text)} is not a number of {digits} digits", advice, below=("start",))
    return int(text)


class Sticky(Part):
    """Each user stays on one version while the weights grow."""

    cookie: Annotated[TicketCookie, NameOrMapping()] = Field(
        description="The cookie that carries a user's ticket, a random id whose last four hex digits are the bucket.",
        examples=["gray-ticket"],
    )
    key: Maybe[Annotated[Identity, IdentityChoice("cookie", "header", "query", "claim")]] = Field(
        default=None,
        description="An identity whose hash is the bucket, or whose last digits are, before any ticket; who has none "
        "gets a ticket.",
        examples=[{"cookie": "uid"}],
    )
    max_age_seconds: Maybe[DurationSeconds] = Field(
        alias="maxAge",
        default=None,
        description="How long a browser keeps the ticket; 30 days unless the cookie says it.",
        examples=["720h"],
    )
    excepted: Annotated[
        tuple[Annotated[ir.Matcher, PlainPathMatcher(PATH, PATH_END)], ...], Entries(0, MOST_EXCEPTED)
    ] = Field(
        alias="except",
        default=(),
        description="Paths that hand out no tickets: users go by the one they have, without any they get stable.",
        examples=[[{"prefix": "/static"}]],
    )
    cohort: Maybe[CohortName] = Field(
        default=None,
        description="Releases of one cohort give the same users to their canaries; else each has its own.",
        examples=["shop-july"],
    )
    start: Maybe[Bucket] = Field(
        default=None,
        description="The first bucket of the first canary, instead of one by the cohort's name.",
        examples=["0000"],
    )

    @model_validator(mode="after")
    def _ticket_is_no_identity(self) -> Self:
        if self.max_age_seconds is not None and (self.cookie.session or self.cookie.max_age_seconds is not None):
            raise Malformed("GM110", "the cookie says how long it is kept", "leave this out", below=("maxAge",))
        if self.key and self.key.field == ir.Field(ir.Kind.COOKIE, self.cookie.name):
            message = f"{quoted(self.cookie.name)} carries the ticket itself"
            raise Malformed("GM110", message, "name another cookie", below=("key",))
        return self


class Edge(Part):
    """One target decides; engines behind it follow the lane header that it sets."""

    target: TargetName = Field(description="The target that decides.", examples=["nginx"])
    header: OwnHeaderName = Field(
        default="X-Gray-Lane",
        validate_default=True,
        description="The request header that names the chosen version.",
        examples=["X-Gray-Lane"],
    )


class JwtSpec(Part):
    """Where claims come from."""

    issuer: Issuer = Field(description="Issuer of the tokens.", examples=["https://id.example.com"])
    jwks: HttpsUrl = Field(description="Address of the issuer's keys.", examples=["https://id.example.com/jwks.json"])
    source: Annotated[ir.Field, FieldChoice("header", "cookie")] = Field(
        alias="from",
        default=ir.Field(ir.Kind.HEADER, "authorization"),
        description="The header or cookie that carries the token.",
        examples=[{"header": "Authorization"}],
    )
