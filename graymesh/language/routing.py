"""Parts of a spec that decide which version a request gets: service, versions, audiences, routes, stages, lanes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graymesh.did_you_mean import certain, listed, quoted, suggestion
from graymesh.ir import release as ir
from graymesh.language.faults import Fault
from graymesh.language.matchers import MOST_VALUES, PathMatcher, ValueMatcher
from graymesh.language.numbers import Whole
from graymesh.language.options import TargetName
from graymesh.language.record import One, Record, field
from graymesh.language.scalars import Malformed
from graymesh.language.shapes import (
    ListOf,
    MapOf,
    Place,
    Reference,
    Reported,
    Schema,
    Text,
    Word,
    read_into,
    wrong_type,
)
from graymesh.language.words import (
    CLAIM_NAME,
    COOKIE_NAME,
    COOKIE_VALUE,
    DURATION_MS,
    DURATION_SECONDS,
    ENDPOINT,
    HEADER_NAME,
    HOST_NAME,
    HTTPS_URL,
    IMAGE,
    ISSUER,
    LABEL_KEY,
    LABEL_VALUE,
    LOCAL_NAME,
    METHOD,
    NAME,
    NETWORK,
    OWN_HEADER_NAME,
    PATH,
    PORT,
    QUERY_NAME,
    QUERY_VALUE,
    VALUE,
    VERSION_NAME,
    WEIGHT,
)

MOST_VERSIONS = 10
MOST_AUDIENCES = 100
MOST_ENTRIES = 100
MOST_FIELDS = 16
MOST_ROUTES = 100
MOST_STAGES = 30
_TAKEN = ("everyone", "stable")
_TAKEN_BEGINNINGS = ("bucket-", "lane-")


class Service(Record):
    """Where the service is reached."""

    host: str | None = field(
        HOST_NAME,
        "Host name inside the mesh; <name>.<namespace>.svc.cluster.local when left out.",
        example="product-service.default.svc.cluster.local",
        default=None,
    )
    port: int = field(PORT, "The service's port.", example=8080)
    domains: tuple[str, ...] = field(
        ListOf(HOST_NAME, most=100, unique=True),
        "Public host names at the edge.",
        example=["shop.example.com"],
        default=[],
    )


class Version(Record):
    """One running version of the service."""

    labels: Mapping[str, str] | None = field(
        MapOf(LABEL_KEY, LABEL_VALUE, least=1, most=MOST_FIELDS),
        "Labels that select its pods; {version: <name>} when left out.",
        example={"version": "v2"},
        default=None,
    )
    endpoints: tuple[str, ...] = field(
        ListOf(ENDPOINT, most=1000, unique=True),
        "Addresses of its instances, for engines that do not discover them.",
        example=["10.0.2.11:8080"],
        default=[],
    )
    image: str | None = field(
        IMAGE, "Its container image.", example="registry.example.com/product:v2.1.0", default=None
    )
    replicas: int | None = field(Whole(0, 100_000), "How many instances run.", example=2, default=None)


class AudienceEntry(Record):
    """Requests that meet all of these."""

    __slots__ = ("_conjunction",)  # worked out once, since many rules ask for it; no part of the record's value

    headers: Mapping[str, ir.Matcher] = field(
        MapOf(HEADER_NAME, ValueMatcher(VALUE), most=MOST_FIELDS),
        "Request headers: names in any case, values as they are; an empty one counts as absent.",
        example={"X-Gray-Version": "v2"},
        default={},
    )
    cookies: Mapping[str, ir.Matcher] = field(
        MapOf(COOKIE_NAME, ValueMatcher(COOKIE_VALUE), most=MOST_FIELDS),
        "Cookies: names and values as they are; any pair of that name will do.",
        example={"beta": "1"},
        default={},
    )
    query: Mapping[str, ir.Matcher] = field(
        MapOf(QUERY_NAME, ValueMatcher(QUERY_VALUE), most=MOST_FIELDS),
        "Query parameters: any value of that name will do.",
        example={"preview": ["1", "yes"]},
        default={},
    )
    claims: Mapping[str, ir.Matcher] = field(
        MapOf(CLAIM_NAME, ValueMatcher(VALUE), most=MOST_FIELDS),
        "String claims of a verified token; see jwt.",
        example={"tier": "beta"},
        default={},
    )
    path: ir.Matcher | None = field(
        PathMatcher(PATH),
        "The path without the query: one, a list, or what lies below a prefix by whole segments.",
        example={"prefix": "/api/v3"},
        default=None,
    )
    method: tuple[str, ...] | None = field(
        ListOf(METHOD, least=1, most=9, single=True),
        "Request methods: one or a list.",
        example=["GET", "POST"],
        default=None,
    )
    host: tuple[str, ...] | None = field(
        ListOf(HOST_NAME, least=1, most=100, single=True),
        "Host names without port: one or a list.",
        example="m.example.com",
        default=None,
    )
    source: tuple[str, ...] | None = field(
        ListOf(NETWORK, least=1, most=MOST_VALUES, single=True),
        "Networks of the client's address, after trusted proxies: one or a list.",
        example=["203.0.113.0/24", "2001:db8::/32"],
        default=None,
    )

    def problems(self, place: Place) -> None:
        """At least one condition."""
        if not any(vars(self).values()):
            place.report("GM110", "an entry without conditions takes everyone", "name a header, cookie, path, …")

    _conjunction: ir.Conjunction

    def tests(self) -> ir.Conjunction:
        """The conditions, sorted by field."""
        if not hasattr(self, "_conjunction"):
            object.__setattr__(self, "_conjunction", tuple(sorted(self._tests(), key=lambda test: test.field)))
        return self._conjunction

    def __getstate__(self) -> dict[str, Any]:
        return dict(vars(self))

    def _tests(self) -> Iterator[ir.Test]:
        named = ((ir.Kind.HEADER, self.headers), (ir.Kind.COOKIE, self.cookies))
        more = ((ir.Kind.QUERY, self.query), (ir.Kind.CLAIM, self.claims))
        for kind, matchers in (*named, *more):
            yield from (ir.Test(ir.Field(kind, name), matcher) for name, matcher in matchers.items())
        if self.path:
            yield ir.Test(ir.Field(ir.Kind.PATH), self.path)
        if self.method:
            yield ir.Test(ir.Field(ir.Kind.METHOD), ir.OneOf(tuple(sorted(set(self.method)))))
        if self.host:
            yield ir.Test(ir.Field(ir.Kind.HOST), ir.OneOf(tuple(sorted(set(self.host)))))
        if self.source:
            yield ir.Test(ir.Field(ir.Kind.SOURCE), ir.Networks(tuple(sorted(set(self.source)))))


class Route(Record):
    """Audiences that get one version, whatever the stage's weight."""

    name: str = field(LOCAL_NAME, "Name of the route.", example="beta")
    audience: tuple[str, ...] = field(
        ListOf(Reference("audience"), least=1, most=MOST_AUDIENCES, single=True),
        "The audience, or a list of which any will do.",
        example=["testers", "office"],
    )
    version: str = field(Reference("version"), "The version that they get.", example="v2")
    active_from: str | None = field(
        Reference("stage"),
        "The stage from which on the route is active; always when left out.",
        example="gray-5",
        written="from",
        default=None,
    )
    fault: Fault | None = field(One(Fault), "Delays and errors made on purpose for this route.", default=None)

    def problems(self, place: Place) -> None:
        """No name that graymesh gives to the routes it adds."""
        if self.name in _TAKEN or self.name.startswith(_TAKEN_BEGINNINGS):
            message = f"{quoted(self.name)} is the name of a route that graymesh adds"
            place.below("name").report("GM112", message, "choose another name")


class FieldChoice:
    """The shape of `{cookie: uid}`: one part of a request, by its kind and name."""

    space = ""
    _names: Mapping[str, Text[str]] = {
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

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds

    def read(self, value: Any, place: Place) -> ir.Field:
        """The field."""
        if not isinstance(value, dict):
            raise wrong_type(value, "a mapping", place, f"like {{{self.kinds[0]}: …}}")
        unknown = [kind for kind in value if kind not in self.kinds]
        for kind in unknown:
            message = f"{quoted(str(kind))} is not a key here"
            below, sure = place.below(kind, at_key=True), certain(str(kind), self.kinds) or ""
            below.report("GM101", message, suggestion(str(kind), self.kinds), mended=sure)
        if unknown:
            raise Reported
        if len(value) != 1:
            said = "several parts of a request stand where one belongs" if value else "no part of a request is named"
            raise Malformed("GM110", said, f"one of {listed(self.kinds)}")
        found: dict[str, str] = {}
        for kind, written in value.items():
            read_into(found, kind, self._names[kind], written, place.below(kind))
        if not found:
            raise Reported
        kind, name = found.popitem()
        return ir.Field(ir.Kind(kind), name)

    def schema(self) -> Schema:
        """An object with one of the kinds."""
        properties = {kind: self._described(kind) for kind in self.kinds}
        return {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        }

    def _described(self, kind: str) -> Schema:
        doc, example = self._about[kind]
        about: Schema = {"title": kind.capitalize(), "description": doc}
        return {**about, **self._names[kind].schema(), "examples": [example]}


class Sticky(Record):
    """Each user stays on one version while the weights grow."""

    cookie: str = field(COOKIE_NAME, "The cookie that carries a user's bucket, 0000–9999.", example="gray-bucket")
    key: ir.Field | None = field(
        FieldChoice("cookie", "header", "query", "claim"),
        "An identity to hash for the first bucket, where an engine can hash.",
        example={"cookie": "uid"},
        default=None,
    )
    max_age_seconds: int = field(
        DURATION_SECONDS, "How long a browser keeps the bucket.", example="720h", written="maxAge", default="720h"
    )

    def problems(self, place: Place) -> None:
        """The bucket is no identity."""
        if self.key == ir.Field(ir.Kind.COOKIE, self.cookie):
            place.below("key").report(
                "GM110", f"{quoted(self.cookie)} carries the bucket itself", "name another cookie"
            )


class Edge(Record):
    """One target decides; engines behind it follow the lane header that it sets."""

    target: str = field(TargetName(), "The target that decides.", example="nginx")
    header: str = field(
        OWN_HEADER_NAME,
        "The request header that names the chosen version.",
        example="X-Gray-Lane",
        default="X-Gray-Lane",
    )


class Jwt(Record):
    """Where claims come from."""

    issuer: str = field(ISSUER, "Issuer of the tokens.", example="https://id.example.com")
    jwks: str = field(HTTPS_URL, "Address of the issuer's keys.", example="https://id.example.com/jwks.json")
    source: ir.Field = field(
        FieldChoice("header", "cookie"),
        "The header or cookie that carries the token.",
        example={"header": "Authorization"},
        written="from",
        default={"header": "Authorization"},
    )


class Stage(Record):
    """One step of the release."""

    name: str = field(LOCAL_NAME, "Name of the stage.", example="gray-5")
    weight_basis_points: int | None = field(
        WEIGHT,
        "Percent of the users whom no route takes that get the canary; at most two decimals.",
        example=5,
        written="weight",
        default=None,
    )
    split: Mapping[str, int] | None = field(
        MapOf(VERSION_NAME, WEIGHT, least=1, most=MOST_VERSIONS, refers="version"),
        "Percent for each of several canaries, instead of a weight; the rest goes to stable.",
        example={"v2": 5, "v3": 5},
        default=None,
    )
    hold_ms: int | None = field(
        DURATION_MS, "Shortest time at this stage before the next one.", example="30m", written="hold", default=None
    )

    def weights(self, canaries: Sequence[str]) -> dict[str, int]:
        """Basis points of every canary at this stage, in the canaries' order."""
        if self.split is not None:
            return {name: self.split.get(name, 0) for name in canaries}
        return dict.fromkeys(canaries, self.weight_basis_points or 0)

    def problems(self, place: Place) -> None:
        """A weight or a split, and no more than the whole."""
        if self.weight_basis_points is not None and self.split is not None:
            advice = "weight is for one canary, split for several"
            place.report("GM110", f"stage {quoted(self.name)} has both a weight and a split", advice)
        if self.weight_basis_points is None and self.split is None:
            place.report("GM103", f"stage {quoted(self.name)} has no weight", "weight: 5, or split: {v2: 5, v3: 5}")
        if sum((self.split or {}).values()) > ir.BUCKETS:
            place.below("split").report("GM113", "the shares add up to more than 100", "the rest goes to stable")


def largest_weights(stages: Sequence[Stage], canaries: Sequence[str]) -> dict[str, int]:
    """The largest weight that each canary has at any stage, in basis points, in the canaries' order."""
    series = [stage.weights(canaries) for stage in stages]
    return {name: max((weights[name] for weights in series), default=0) for name in canaries}


class Workload(Record):
    """What runs the service."""

    kind: str = field(
        Word("Deployment", "StatefulSet", "DaemonSet"),
        "Kind of the Kubernetes object.",
        example="Deployment",
        default="Deployment",
    )
    name: str = field(NAME, "Its name.", example="product-service")
    container: str | None = field(NAME, "The container that runs the image.", example="app", default=None)
