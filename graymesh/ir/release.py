"""What a release means: frozen values that speak of traffic, with no engine's name in them.

The heart is `RouteTable`: an ordered list of routes, each a condition and a split; the first route whose condition
holds takes the request. `graymesh.ir.semantics.decide` gives these values their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from graymesh.diagnostic import Pointer

WHOLE: Final = 10_000
"""Basis points of all requests, or of all users."""

BUCKET_COUNT: Final = 65_536
"""Users are cut into this many buckets, 0000–ffff: the last four hex digits of a user's ticket."""

Intervals: TypeAlias = tuple[tuple[int, int], ...]
"""Closed intervals of buckets, sorted, disjoint and not touching; one that runs over ffff is two."""

UNIQUE_ID: Final = "\x00unique-id"
"""Stands for a value that is different for each request; no spec can contain it, since values are visible ASCII."""

TICKET: Final = "\x00ticket"
"""Stands for the ticket of the request that is answered, whose bucket is one of its share's."""


NOT_IDEMPOTENT: Final = ("PATCH", "POST")
"""The methods whose requests may do harm when they are done twice (RFC 9110 §9.2.2, RFC 5789)."""


SAFE_METHODS: Final = ("GET", "HEAD", "POST")
"""The methods by which any page may send, whatever a preflight says (Fetch standard, "CORS-safelisted method")."""


class Kind(StrEnum):
    """The part of a request that a field reads."""

    HEADER = "header"
    COOKIE = "cookie"
    QUERY = "query"
    CLAIM = "claim"
    PATH = "path"
    METHOD = "method"
    HOST = "host"
    SOURCE = "source"


@dataclass(frozen=True, slots=True, order=True)
class Field:
    """One readable part of a request; `name` is lower case for headers, empty for path, method, host and source."""

    kind: Kind
    name: str = ""


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value is one of these; sorted, without repetition. An exact match is a single value."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """The value starts with these characters."""

    value: str


@dataclass(frozen=True, slots=True)
class Suffix:
    """The value ends with these characters; of a path too, by characters and not by segments."""

    value: str


@dataclass(frozen=True, slots=True)
class PathPrefix:
    """The path is this one or lies below it, by whole segments: `/api` takes `/api` and `/api/x`, never `/apix`.

    The value has no trailing slash, except `/` itself, which takes every path.
    """

    value: str


@dataclass(frozen=True, slots=True)
class Regex:
    """The whole value matches; the pattern is of the portable subset (`graymesh.proof.regex.portable`)."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Buckets:
    """The value is a ticket (`graymesh.ir.tickets`) whose bucket lies in one of these intervals."""

    intervals: Intervals


@dataclass(frozen=True, slots=True)
class Networks:
    """The address lies in one of these networks, in canonical CIDR form, sorted."""

    networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Present:
    """The field is there and not empty."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The field is missing or empty."""


Matcher: TypeAlias = OneOf | Prefix | Suffix | PathPrefix | Regex | Buckets | Networks | Present | Absent


@dataclass(frozen=True, slots=True)
class Test:
    """One matcher applied to one field."""

    __test__ = False  # not a pytest class
    field: Field
    matcher: Matcher


Conjunction: TypeAlias = tuple[Test, ...]
Condition: TypeAlias = tuple[Conjunction, ...]

ALWAYS: Final[Condition] = ((),)
"""The condition that every request meets: one conjunction without a test."""


@dataclass(frozen=True, slots=True)
class SetCookie:
    """A cookie given to the user with the answer; scripts never see it (HttpOnly).

    `TICKET` is a legal value. Without an age it lasts as long as the browser runs. `passed_on`: the version gets the
    cookie with this request already, beside the user's. `domain` is empty for the host alone that was asked.
    """

    name: str
    value: str = TICKET
    max_age_seconds: int | None = None
    passed_on: bool = False
    path: str = "/"
    domain: str = ""
    secure: bool = False
    same_site: str = "Lax"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One part of a split, in basis points (1/10,000) of the requests that reach the route.

    `buckets` are those whose requests it takes, none where chance alone decides. Headers are (lower-case name, value)
    pairs, sorted; each overwrites what was there. `UNIQUE_ID` is a legal value.
    """

    version: str
    basis_points: int
    buckets: Intervals = ()
    set_cookie: SetCookie | None = None
    request_headers: tuple[tuple[str, str], ...] = ()
    response_headers: tuple[tuple[str, str], ...] = ()
    origin: Pointer = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Split:
    """How the requests of a route are shared out; the shares' basis points add up to 10,000.

    `key` is the field whose value is hashed to draw a share; None draws at random for each request. A request
    without the key is drawn at random too. `otherwise` takes requests that bring an id of their own which is no
    ticket, on engines that draw by the id that callers give; None where there are no such requests. It is stable while
    stable has a share, else the largest one.
    """

    shares: tuple[Share, ...]
    key: Field | None = None
    otherwise: Share | None = None

    @property
    def versions(self) -> frozenset[str]:
        """The versions that get a share."""
        return frozenset(share.version for share in self.shares if share.basis_points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """`on` is sorted, in graymesh's words: connect-failure, 5xx, gateway-error, reset, timeout, unavailable.

    Requests of `NOT_IDEMPOTENT` methods are sent once, unless it is `every_method`.
    """

    attempts: int
    per_try_ms: int | None = None
    on: tuple[str, ...] = ()
    every_method: bool = False


@dataclass(frozen=True, slots=True)
class Mirror:
    """A copy of this part of the requests goes to a version whose answers are thrown away."""

    version: str
    basis_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Delays and errors made on purpose; a part that is not asked for has 0 basis points."""

    delay_ms: int = 0
    delay_basis_points: int = 0
    abort_status: int = 0
    abort_basis_points: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """Which pages of other origins browsers let call the service, and what of its answers they may read.

    The engine answers preflights itself, for all versions, and puts its own Access-Control headers in place of the
    service's. Pages of an origin that is not named get none. `methods` are those besides GET, HEAD and POST, which
    browsers never ask about; header names are in lower case; all sorted. Without an age browsers ask anew at will.
    """

    origins: tuple[str, ...]
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    credentials: bool = False
    max_age_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What else happens to the requests of a route; None leaves the engine's default."""

    timeout_ms: int | None = None
    retries: Retries | None = None
    mirror: Mirror | None = None
    fault: Fault | None = None
    cors: Cors | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Requests that meet `condition`, and no earlier route's, are shared out by `split`."""

    name: str
    condition: Condition
    split: Split
    policy: Policy = Policy()
    origin: Pointer = field(default=(), compare=False, repr=False)

    @property
    def receivers(self) -> frozenset[str]:
        """The versions that get requests of this route, or copies of them."""
        mirror = self.policy.mirror
        copied = {mirror.version} if mirror and mirror.basis_points else set()
        return self.split.versions | copied


@dataclass(frozen=True, slots=True)
class RouteTable:
    """Routes in order, first match wins. A request that no route takes is not routed (the engine answers 404)."""

    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One running version: `endpoints` are `ip:port` or `[ip6]:port`; `labels` select its pods; both sorted.

    A `retired` one is on its way out: engines know it as long as it is here, but no route leads to it.
    """

    name: str
    labels: tuple[tuple[str, str], ...]
    endpoints: tuple[str, ...] = ()
    canary: bool = False
    retired: bool = False
    image: str = ""
    replicas: int | None = None
    origin: Pointer = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The request header by which the deciding edge tells the engines behind it which version it chose."""

    header: str
    edge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Jwt:
    """Where claims come from: the token of this issuer in this header (lower case) or cookie."""

    issuer: str
    jwks: str
    source: Field


Scalar: TypeAlias = str | int | tuple[str, ...]
Facts: TypeAlias = Mapping[tuple[str, str], Scalar]
"""What engines are told besides routes: (version or "", dotted name) → value. Names: `graymesh.ir.settings`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One rollout at one stage, for all engines. `table` is the full decision that the edge, or everyone, takes.

    `labels` and `annotations` are the user's own, for Kubernetes objects that are written; sorted by key. `audiences`
    are those that routes ask for at whatever stage, by name, for comments and names in artifacts. `asked` are the
    fields that routes and draws look at, at whatever stage, each with the place in the spec that first asks for it.
    `start` is the bucket from which the first canary grows upwards. While it is `held`, new users are not drawn.
    """

    name: str
    namespace: str
    host: str
    port: int
    domains: tuple[str, ...]
    stable: str
    versions: tuple[Version, ...]
    stage: str
    table: RouteTable
    start: int = 0
    held: bool = False
    lane: Lane | None = None
    jwt: Jwt | None = None
    facts: Facts = field(default_factory=dict)
    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    audiences: tuple[tuple[str, Condition], ...] = field(default=(), compare=False, repr=False)
    asked: tuple[tuple[Field, Pointer], ...] = field(default=(), compare=False, repr=False)

    @property
    def key(self) -> str:
        """`namespace/name`, unique within a project."""
        return f"{self.namespace}/{self.name}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every name that the release answers for, public ones first."""
        return (*self.domains, self.host)

    def version(self, name: str) -> Version:
        """The version of that name; KeyError when there is none."""
        for version in self.versions:
            if version.name == name:
                return version
        raise KeyError(name)
