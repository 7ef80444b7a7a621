"""The spec as it is written (graymesh.io/v1alpha1): every key, its type, limits and meaning.

`parse_rollout` and `parse_project` read a source; what is wrong comes back as diagnostics with positions:

| code | says |
|---|---|
| GM101 | unknown key |
| GM102 | wrong type |
| GM103 | missing key |
| GM104 | word that is not allowed |
| GM105 | malformed name, host or label |
| GM106 | malformed duration, percentage, weight, network, port, endpoint, path, method |
| GM107 | number or boolean where text is wanted |
| GM108 | unknown apiVersion or kind |
| GM109 | characters that are not allowed |
| GM110 | empty or contradictory entry |
| GM111 | unknown version, audience, stage or target |
| GM112 | name or entry given twice |
| GM113 | shares over the whole, canaries without room |
| GM114 | regular expression outside the portable subset |
| GM115 | unknown option of a target, or a value it does not take |
| GM116 | too many entries or characters |
"""

from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from graymesh.diagnostic import Diagnostic
from graymesh.did_you_mean import certain, quoted, suggestion
from graymesh.language import consistency
from graymesh.language.audiences import MOST_AUDIENCES, MOST_ENTRIES, AudienceEntry
from graymesh.language.cors import CorsSpec
from graymesh.language.effort import too_hard
from graymesh.language.errors import Document, diagnostic, everything_wrong, in_order
from graymesh.language.expectations import SpecTest
from graymesh.language.faults import MirrorSpec
from graymesh.language.options import TargetName, Targets
from graymesh.language.part import OR_EMPTY, UNIQUE, Entries, Gives, Maybe, Part, Refers
from graymesh.language.policies import GuardsSpec, Notice, Resilience, Trace, VersionLimits
from graymesh.language.problems import Malformed, Several
from graymesh.language.routes import MOST_ROUTES, Edge, JwtSpec, RouteSpec, Sticky
from graymesh.language.service import MOST_VERSIONS, ServiceSpec, VersionSpec, WorkloadSpec
from graymesh.language.stages import MOST_STAGES, Stage
from graymesh.language.words import (
    AcceptedCode,
    FilePattern,
    Folder,
    LabelKey,
    LabelValue,
    LocalName,
    Name,
    Prose,
    ServiceName,
    StageRef,
    Value,
    VersionName,
    VersionRef,
)

API_VERSION: Final = "graymesh.io/v1alpha1"
R = TypeVar("R", bound=Part)


class Metadata(Part):
    """Who the release is."""

    name: ServiceName = Field(description="Name of the service that is released.", examples=["product-service"])
    namespace: Name = Field(default="default", description="Its namespace.", examples=["default"])
    labels: Annotated[dict[LabelKey, LabelValue], Entries(0, 64)] = Field(
        default={},
        description="Labels of the Kubernetes objects that are compiled.",
        examples=[{"team": "shop"}],
    )
    annotations: Annotated[dict[LabelKey, Value], Entries(0, 64)] = Field(
        default={},
        description="Annotations of the Kubernetes objects that are compiled.",
        examples=[{"owner": "shop@example.com"}],
    )


class Accept(Part):
    """Something that a target cannot do and the release gives up."""

    code: AcceptedCode = Field(description="The code of the diagnostic.", examples=["GM301"])
    target: Maybe[TargetName] = Field(
        default=None, description="The target; all of them when left out.", examples=["nginx"]
    )
    reason: Prose = Field(description="Why that is all right.", examples=["office traffic is tested elsewhere"])


class Spec(Part):
    """What is released, to whom, in which steps."""

    service: ServiceSpec = Field(description="Where the service is reached.")
    stable: VersionRef = Field(description="The version for everyone who is not sent elsewhere.", examples=["v1"])
    versions: Annotated[
        dict[VersionName, Annotated[VersionSpec, OR_EMPTY]], Entries(1, MOST_VERSIONS), Gives("version")
    ] = Field(
        description="The versions that run; all but stable and those that are retired are canaries.",
        examples=[{"v1": {"endpoints": ["10.0.1.11:8080"]}, "v2": {"endpoints": ["10.0.2.11:8080"]}}],
    )
    audiences: Annotated[
        dict[LocalName, Annotated[tuple[AudienceEntry, ...], Entries(1, MOST_ENTRIES)]],
        Entries(0, MOST_AUDIENCES),
        Gives("audience"),
    ] = Field(
        default={},
        description="Named groups of requests: any entry of the list, all keys of an entry.",
        examples=[{"beta": [{"cookies": {"beta": "1"}}, {"claims": {"tier": "beta"}}]}],
    )
    routes: Annotated[tuple[RouteSpec, ...], Entries(0, MOST_ROUTES), Gives("route")] = Field(
        default=(),
        description="Audiences that get one version; the first match wins.",
        examples=[[{"name": "beta", "audience": "beta", "version": "v2", "from": "gray-5"}]],
    )
    preflight: Maybe[Literal["stable", "audience"]] = Field(
        default=None,
        description="Who answers CORS preflights, which carry no cookies and none of the application's headers: "
        "`stable`, that version always; `audience`, whoever gets such a request by its path or host, which is what "
        "happens when it is left out.",
        examples=["stable"],
    )
    cors: Maybe[CorsSpec] = Field(
        default=None, description="Pages of other origins that may call; engines answer their preflights."
    )
    sticky: Maybe[Sticky] = Field(default=None, description="Each user stays on one version while the weights grow.")
    edge: Maybe[Edge] = Field(default=None, description="One target decides, those behind it follow.")
    jwt: Maybe[JwtSpec] = Field(default=None, description="Where claims come from.")
    stages: Annotated[tuple[Stage, ...], Entries(0, MOST_STAGES), Gives("stage")] = Field(
        default=(),
        description="The steps of the release, in order.",
        examples=[[{"name": "gray-5", "weight": 5, "hold": "30m"}, {"name": "full", "weight": 100}]],
    )
    stage: Maybe[StageRef] = Field(
        default=None,
        description="Where the release stands; the first stage when left out.",
        examples=["gray-5"],
    )
    hold: Maybe[Literal["newUsers"]] = Field(
        default=None,
        description="`newUsers`: whoever has no ticket gets stable and no ticket; users of a canary stay on it.",
        examples=["newUsers"],
    )
    guards: Maybe[GuardsSpec] = Field(default=None, description="Limits that every canary must keep to.")
    limits: Annotated[dict[VersionName, VersionLimits], Entries(0, MOST_VERSIONS), Refers("version")] = Field(
        default={}, description="What single versions can take.", examples=[{"v2": {"qps": 500}}]
    )
    resilience: Maybe[Resilience] = Field(default=None, description="What engines do about slow and failing instances.")
    mirror: Maybe[MirrorSpec] = Field(default=None, description="A copy of requests for a version.")
    notice: Maybe[Notice] = Field(default=None, description="A response header for everyone who gets a canary.")
    trace: Maybe[Trace] = Field(default=None, description="A unique id on canary requests.")
    workload: Maybe[WorkloadSpec] = Field(default=None, description="What runs the service.")
    tests: Annotated[tuple[SpecTest, ...], Entries(0, 1000)] = Field(
        default=(),
        description="Requests and who must answer them.",
        examples=[[{"request": {"headers": {"X-Gray-Version": "v2"}}, "expect": "v2"}]],
    )
    targets: Targets = Field(
        default={}, description="The engines to compile for, with their options.", examples=[{"istio": {}}]
    )
    accept: Annotated[tuple[Accept, ...], Entries(0, 100)] = Field(
        default=(),
        description="What targets cannot do and the release gives up.",
        examples=[[{"code": "GM301", "reason": "office traffic is tested elsewhere"}]],
    )

    @property
    def canaries(self) -> tuple[str, ...]:
        """Every version but stable, in the spec's order; a retired one only while something still gives it a share."""
        shared = {name for stage in self.stages for name, weight in (stage.split or {}).items() if weight}
        shared |= {route.version for route in self.routes if route.part_basis_points is not None}
        return tuple(
            name
            for name, version in self.versions.items()
            if name != self.stable and (name in shared or not version.retired)
        )

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        known = self.stable in self.versions  # else it is refused by name, and nobody knows who the canaries are
        problems = list(consistency.shares(self.stages, self.stable, self.canaries)) if known else []
        if known:
            problems += consistency.parts(self.routes, self.stages, self.stable, self.canaries)
        if self.sticky:
            problems += consistency.room(self.routes, self.stages, self.canaries)
            problems += consistency.paths(self.routes, self.audiences, self.sticky)
            problems += consistency.cookie_domain(self.sticky.cookie, self.service.domains)
        else:
            problems += consistency.buckets([test.request.bucket for test in self.tests])
            problems += consistency.held(self.hold)
        if self.cors:
            problems += consistency.preflights(self.preflight)
        if self.edge and self.trace:
            problems += consistency.headers(self.edge, self.trace)
        if problems:
            raise Several(problems)
        return self


class Rollout(Part):
    """One gray release of one service."""

    api_version: Literal["graymesh.io/v1alpha1"] = Field(description="The language's version.", examples=[API_VERSION])
    kind: Literal["Rollout"] = Field(description="What the file describes.", examples=["Rollout"])
    metadata: Metadata = Field(description="Who the release is.")
    spec: Spec = Field(
        description="What is released, to whom, in which steps.",
        examples=[
            {
                "service": {"port": 8080},
                "stable": "v1",
                "versions": {"v1": {"endpoints": ["10.0.1.11:8080"]}, "v2": {"endpoints": ["10.0.2.11:8080"]}},
                "stages": [{"name": "gray-5", "weight": 5, "hold": "30m"}, {"name": "full", "weight": 100}],
            }
        ],
    )

    @property
    def host(self) -> str:
        """The service's name inside the mesh."""
        name = f"{self.metadata.name}.{self.metadata.namespace}.svc.cluster.local"
        return self.spec.service.host or name

    @model_validator(mode="after")
    def _domains_are_public(self) -> Self:
        domains = self.spec.service.domains
        if self.host in domains:
            below = ("spec", "service", "domains", domains.index(self.host))
            message = f"{quoted(self.host)} is the service's own host name"
            raise Malformed("GM112", message, "leave it out", below=below, needless=True)
        return self


class ProjectFile(Part):
    """`graymesh.yaml`: which releases belong together, and where their output goes."""

    api_version: Literal["graymesh.io/v1alpha1"] = Field(description="The language's version.", examples=[API_VERSION])
    kind: Literal["Project"] = Field(description="What the file describes.", examples=["Project"])
    releases: Annotated[tuple[FilePattern, ...], Entries(1, 100), UNIQUE] = Field(
        default=("releases/*.yaml",),
        description="Spec files, relative to this file; called .yaml or .yml, none of them hidden.",
        examples=[["releases/*.yaml"]],
    )
    output: Folder = Field(
        default="rendered",
        description="Folder for the compiled files, relative to this file.",
        examples=["rendered"],
    )
    targets: Targets = Field(
        default={},
        description="Options that releases take unless they say otherwise.",
        examples=[{"istio": {}}],
    )


def parse_rollout(source: Document) -> tuple[Rollout | None, list[Diagnostic]]:
    """The rollout of a source, or None and everything that is wrong with it, placed, in the file's order."""
    hard = too_hard(source.data)
    return (None, in_order(source, hard)) if hard else _parse(Rollout, source)


def parse_project(source: Document) -> tuple[ProjectFile | None, list[Diagnostic]]:
    """The project file of a source, or None and everything that is wrong with it, placed, in the file's order."""
    return _parse(ProjectFile, source)


def _parse(model: type[R], source: Document) -> tuple[R | None, list[Diagnostic]]:
    foreign = _foreign(model, source.data)
    if foreign:
        return None, in_order(source, foreign)
    found: R | None = None
    error: ValidationError | None = None
    try:
        found = model.model_validate(source.data)
    except ValidationError as wrong:
        error = wrong
    problems = everything_wrong(model, source, error)
    return (None, in_order(source, problems)) if problems else (found, [])


def _foreign(model: type[Part], data: Any) -> list[Diagnostic]:
    """A file of another language or kind, of which nothing else can be said."""
    if not isinstance(data, dict):
        return []
    found = []
    for key, field in (("apiVersion", "api_version"), ("kind", "kind")):
        wanted, value = (model.model_fields[field].examples or [""])[0], data.get(key)
        if isinstance(value, str) and value != wanted:
            message, sure = f"the {key} is {quoted(value)}, not {quoted(wanted)}", certain(value, [wanted]) or ""
            found.append(diagnostic((key,), Malformed("GM108", message, suggestion(value, [wanted]), sure)))
    return found
