"""Audiences: named groups of requests, each a list of entries, each entry a few conditions."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from graymesh.ir import release as ir
from graymesh.language.matchers import MOST_VALUES, HostMatcher, PathMatcher, ValueMatcher
from graymesh.language.part import ANY_CASE, ONE_OR_LIST, Entries, Maybe, Part
from graymesh.language.problems import Malformed
from graymesh.language.words import (
    COOKIE_VALUE,
    HOST_END,
    HOST_NAME,
    PATH,
    PATH_END,
    QUERY_VALUE,
    VALUE,
    ClaimName,
    CookieName,
    HeaderName,
    Method,
    Network,
    QueryName,
)

MOST_AUDIENCES = 100
MOST_ENTRIES = 100
MOST_FIELDS = 16
_MATCHER = Annotated[ir.Matcher, ValueMatcher(VALUE)]
_FEW = Entries(0, MOST_FIELDS)


class AudienceEntry(Part):
    """Requests that meet all of these."""

    headers: Annotated[dict[HeaderName, _MATCHER], _FEW, ANY_CASE] = Field(
        default={},
        description="Request headers: names in any case, values as they are; an empty one counts as absent.",
        examples=[{"X-Gray-Version": "v2"}],
    )
    cookies: Annotated[dict[CookieName, Annotated[ir.Matcher, ValueMatcher(COOKIE_VALUE)]], _FEW] = Field(
        default={},
        description="Cookies: names and values as they are; any pair of that name will do.",
        examples=[{"beta": "1"}],
    )
    query: Annotated[dict[QueryName, Annotated[ir.Matcher, ValueMatcher(QUERY_VALUE)]], _FEW] = Field(
        default={},
        description="Query parameters: any value of that name will do.",
        examples=[{"preview": ["1", "yes"]}],
    )
    claims: Annotated[dict[ClaimName, _MATCHER], _FEW] = Field(
        default={},
        description="String claims of a verified token, or lists of which any member will do; `realm_access.roles` is "
        "a claim inside of another one. See jwt.",
        examples=[{"tier": "beta"}, {"realm_access.roles": "tester"}],
    )
    path: Maybe[Annotated[ir.Matcher, PathMatcher(PATH, PATH_END)]] = Field(
        default=None,
        description="The path without the query: one, a list, what lies below a prefix by whole segments, or what "
        "ends with a suffix by characters.",
        examples=[{"prefix": "/api/v3"}],
    )
    method: Maybe[Annotated[tuple[Method, ...], Entries(1, 9), ONE_OR_LIST]] = Field(
        default=None, description="Request methods: one or a list.", examples=[["GET", "POST"]]
    )
    host: Maybe[Annotated[ir.Matcher, HostMatcher(HOST_NAME, HOST_END)]] = Field(
        default=None,
        description="The host name without port, in any case: one, a list, or all that end with a suffix.",
        examples=["m.example.com", {"suffix": ".beta.example.com"}],
    )
    source: Maybe[Annotated[tuple[Network, ...], Entries(1, MOST_VALUES), ONE_OR_LIST]] = Field(
        default=None,
        description="Networks of the client's address, after trusted proxies: one or a list.",
        examples=[["203.0.113.0/24", "2001:db8::/32"]],
    )

    @model_validator(mode="after")
    def _takes_not_everyone(self) -> Self:
        if not any(value for _, value in self):
            raise Malformed("GM110", "an entry without conditions takes everyone", "name a header, cookie, path, …")
        return self

    def tests(self) -> ir.Conjunction:
        """The conditions, sorted by field."""
        return self._conjunction

    @cached_property
    def _conjunction(self) -> ir.Conjunction:
        """Worked out once, since many rules ask for it."""
        return tuple(sorted(self._tests(), key=lambda test: test.field))

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
            yield ir.Test(ir.Field(ir.Kind.HOST), self.host)
        if self.source:
            yield ir.Test(ir.Field(ir.Kind.SOURCE), ir.Networks(tuple(sorted(set(self.source)))))
