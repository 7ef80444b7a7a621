"""What `graymesh read` and `graymesh route` print as JSON: contracts that other people's tools rely on.

Models of pydantic, imported only when JSON is asked for; their JSON Schemas are generated into `schemas/`. Keys are
camelCase. A new key may be added at any time, one that is there keeps its meaning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, TypeAlias, assert_never

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from graymesh.ir import release as ir
from graymesh.ir.semantics import Decision, Request, texts
from graymesh.ir.witness import as_command
from graymesh.kit.target import Decoded, Statement

MatcherKind: TypeAlias = Literal[
    "oneOf", "prefix", "suffix", "pathPrefix", "regex", "buckets", "networks", "present", "absent"
]


class Contract(BaseModel):
    """The base of all models: frozen, camelCase, no other keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class TestJson(Contract):
    """One matcher on one part of a request. `values` holds what it compares with; buckets of tickets as `0000-0ccc`."""

    field: Literal["header", "cookie", "query", "claim", "path", "method", "host", "source"]
    name: str = Field("", description="Of the header (lower case), cookie, query parameter or claim.")
    matcher: MatcherKind
    values: tuple[str, ...] = ()


class SetCookieJson(Contract):
    """A cookie given to the user with the answer."""

    name: str
    value: str = Field(description="`\\u0000ticket` stands for the ticket of the request.")
    max_age_seconds: int | None = None
    passed_on: bool = Field(False, description="The version gets it with this request already.")
    path: str = "/"
    domain: str = Field("", description="Empty for the host alone that was asked.")
    secure: bool = Field(False, description="Sent by HTTPS only.")
    same_site: str = "Lax"


class ShareJson(Contract):
    """One part of a split. Headers overwrite what was there; `\\u0000unique-id` stands for an id made per request."""

    version: str
    basis_points: int = Field(description="Of the requests that reach the route, in 1/10,000.")
    buckets: tuple[str, ...] = Field((), description="Whose requests it takes, as `0000-0ccc`; none: chance decides.")
    set_cookie: SetCookieJson | None = None
    request_headers: dict[str, str] = {}
    response_headers: dict[str, str] = {}


class RetriesJson(Contract):
    """Failed requests are tried again."""

    attempts: int
    per_try_ms: int | None = None
    on: tuple[str, ...] = ()
    every_method: bool = False


class MirrorJson(Contract):
    """A copy of requests."""

    version: str
    basis_points: int


class FaultJson(Contract):
    """Delays and errors made on purpose."""

    delay_ms: int = 0
    delay_basis_points: int = 0
    abort_status: int = 0
    abort_basis_points: int = 0


class CorsJson(Contract):
    """Pages of other origins that may call; methods besides GET, HEAD and POST, names of headers in lower case."""

    origins: tuple[str, ...]
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    credentials: bool = False
    max_age_seconds: int | None = None


class RouteJson(Contract):
    """`condition`: any of the lists, all tests of a list; one empty list takes every request."""

    name: str
    condition: tuple[tuple[TestJson, ...], ...]
    split: tuple[ShareJson, ...]
    key: str = Field("", description="What is hashed to draw a share, as `cookie uid`; empty when drawn at random.")
    otherwise: ShareJson | None = Field(None, description="Of requests that bring an id of their own, no ticket.")
    timeout_ms: int | None = None
    retries: RetriesJson | None = None
    mirror: MirrorJson | None = None
    fault: FaultJson | None = None
    cors: CorsJson | None = None


class SettingJson(Contract):
    """Something that an engine is told besides routes."""

    version: str
    name: str
    value: str | int | tuple[str, ...]


class ServiceJson(Contract):
    """What an engine does for these hosts: routes in order, first match wins."""

    hosts: tuple[str, ...]
    name: str = ""
    scope: str = Field("", description="Where the table holds, when a host has several: a mesh, a gateway.")
    file: str = ""
    routes: tuple[RouteJson, ...]
    settings: tuple[SettingJson, ...] = ()


class NotUnderstoodJson(Contract):
    """A part of a file that was not understood; the service it belongs to is not listed."""

    file: str
    line: int = Field(description="Counted from 1; 0 when unknown.")
    field: str
    message: str


class RouteTables(Contract):
    """`graymesh read --format json`."""

    version: Literal[1] = 1
    services: tuple[ServiceJson, ...]
    refusals: tuple[NotUnderstoodJson, ...] = ()


class AnswerJson(Contract):
    """Who answers the request in one place; `route` is empty when nobody does, `version` unless one surely does."""

    scope: str = ""
    version: str = ""
    route: str = ""
    why: str
    shares: tuple[ShareJson, ...] = ()


class RouteAnswer(Contract):
    """`graymesh route --format json`. `request` is a curl command that sends the request."""

    version: Literal[1] = 1
    request: str
    answers: tuple[AnswerJson, ...]
    when_down: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="Canaries that may answer: what each target gives while none of their instances takes connections.",
    )


class KnownFindingJson(Contract):
    """A finding that is left for later. It is told by all four together."""

    file: str = Field(description="Relative to the baseline's folder, separated by `/`.")
    code: str = Field(pattern="^GM[1-9][0-9]{2}$")
    path: str = Field(description="A JSON pointer into the file, with `*` for the items of lists.")
    message: str


class Baseline(Contract):
    """What `graymesh lint --baseline FILE` reads and `--write-baseline` writes, sorted."""

    version: Literal[1] = 1
    findings: tuple[KnownFindingJson, ...]


def route_tables(fleet: Decoded) -> RouteTables:
    """Everything that artifacts were decoded to."""
    refusals = (NotUnderstoodJson(file=r.file, line=r.line, field=r.field, message=r.message) for r in fleet.refusals)
    return RouteTables(services=tuple(map(_service, fleet.statements)), refusals=tuple(refusals))


def route_answer(
    request: Request, answers: Sequence[tuple[str, Decision]], down: Mapping[str, Mapping[str, str]]
) -> RouteAnswer:
    """What each place, by its scope, decides about the request; `down` as `RouteAnswer.when_down`."""
    found = tuple(_answer(scope, decision) for scope, decision in answers)
    told = {version: dict(each) for version, each in down.items()}
    return RouteAnswer(request=as_command(request), answers=found, when_down=told)


def text(document: Contract) -> str:
    """The document as indented JSON; what is not there is left out, and what is no text is escaped."""
    try:
        return document.model_dump_json(indent=2, by_alias=True, exclude_none=True) + "\n"
    except ValueError:  # half of a surrogate pair, which is how Python reads such bytes
        data = _encodable(document.model_dump(by_alias=True, exclude_none=True))
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_encodable(key): _encodable(each) for key, each in value.items()}
    return [_encodable(each) for each in value] if isinstance(value, list | tuple) else value


def _answer(scope: str, decision: Decision) -> AnswerJson:
    name = decision.route.name if decision.route else ""
    shares = tuple(map(_share, decision.shares))
    return AnswerJson(scope=scope, version=decision.version or "", route=name, why=decision.why, shares=shares)


def _service(statement: Statement) -> ServiceJson:
    settings = (
        SettingJson(version=key[0], name=key[1], value=value) for key, value in sorted(statement.settings.items())
    )
    return ServiceJson(
        hosts=statement.hosts,
        name="" if statement.hosts else statement.subject,
        scope=statement.scope,
        file=statement.file,
        routes=tuple(map(_route, statement.decision.routes)),
        settings=tuple(settings),
    )


def _route(route: ir.Route) -> RouteJson:
    policy, key = route.policy, route.split.key
    retries, mirror, fault = policy.retries, policy.mirror, policy.fault
    return RouteJson(
        name=route.name,
        condition=tuple(tuple(map(_test, tests)) for tests in route.condition),
        split=tuple(map(_share, route.split.shares)),
        key=f"{key.kind} {key.name}".strip() if key else "",
        otherwise=_share(route.split.otherwise) if route.split.otherwise else None,
        timeout_ms=policy.timeout_ms,
        retries=RetriesJson(
            attempts=retries.attempts,
            per_try_ms=retries.per_try_ms,
            on=retries.on,
            every_method=retries.every_method,
        )
        if retries
        else None,
        mirror=MirrorJson(version=mirror.version, basis_points=mirror.basis_points) if mirror else None,
        fault=_fault(fault) if fault else None,
        cors=CorsJson(**asdict(policy.cors)) if policy.cors else None,
    )


def _fault(fault: ir.Fault) -> FaultJson:
    return FaultJson(
        delay_ms=fault.delay_ms,
        delay_basis_points=fault.delay_basis_points,
        abort_status=fault.abort_status,
        abort_basis_points=fault.abort_basis_points,
    )


def _test(test: ir.Test) -> TestJson:
    return TestJson(
        field=test.field.kind.value,
        name=test.field.name,
        matcher=_kind(test.matcher),
        values=texts(test.matcher),
    )


def _kind(matcher: ir.Matcher) -> MatcherKind:
    match matcher:
        case ir.OneOf():
            return "oneOf"
        case ir.Prefix():
            return "prefix"
        case ir.Suffix():
            return "suffix"
        case ir.PathPrefix():
            return "pathPrefix"
        case ir.Regex():
            return "regex"
        case ir.Buckets():
            return "buckets"
        case ir.Networks():
            return "networks"
        case ir.Present():
            return "present"
        case ir.Absent():
            return "absent"
        case _:
            assert_never(matcher)


def _share(share: ir.Share) -> ShareJson:
    return ShareJson(
        version=share.version,
        basis_points=share.basis_points,
        buckets=texts(ir.Buckets(share.buckets)),
        set_cookie=_cookie(share.set_cookie) if share.set_cookie else None,
        request_headers=dict(share.request_headers),
        response_headers=dict(share.response_headers),
    )


def _cookie(cookie: ir.SetCookie) -> SetCookieJson:
    return SetCookieJson(
        name=cookie.name,
        value=cookie.value,
        max_age_seconds=cookie.max_age_seconds,
        passed_on=cookie.passed_on,
        path=cookie.path,
        domain=cookie.domain,
        secure=cookie.secure,
        same_site=cookie.same_site,
    )
