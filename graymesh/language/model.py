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
| GM114 | regular expression outside of the portable subset |
| GM115 | unknown option of a target, or a value it does not take |
| GM116 | too many entries or characters |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from graymesh.diagnostic import Diagnostic
from graymesh.did_you_mean import certain, quoted, suggestion
from graymesh.language.consistency import check_headers, check_room, check_shares
from graymesh.language.expectations import SpecTest
from graymesh.language.faults import Mirror
from graymesh.language.options import TargetName, Targets
from graymesh.language.policies import Guards, Notice, Resilience, Trace, VersionLimits
from graymesh.language.record import One, Record, field
from graymesh.language.routing import (
    MOST_AUDIENCES,
    MOST_ENTRIES,
    MOST_ROUTES,
    MOST_STAGES,
    MOST_VERSIONS,
    AudienceEntry,
    Edge,
    Jwt,
    Route,
    Service,
    Stage,
    Sticky,
    Version,
    Workload,
)
from graymesh.language.shapes import (
    Document,
    ListOf,
    MapOf,
    Place,
    Reading,
    Reference,
    Word,
    read_into,
    unresolved,
)
from graymesh.language.words import (
    ACCEPTED_CODE,
    FILE_PATTERN,
    FOLDER,
    LABEL_KEY,
    LABEL_VALUE,
    LOCAL_NAME,
    NAME,
    PROSE,
    SERVICE_NAME,
    VALUE,
    VERSION_NAME,
)

API_VERSION: Final = "graymesh.io/v1alpha1"
R = TypeVar("R", bound=Record)


class Metadata(Record):
    """Who the release is."""

    name: str = field(SERVICE_NAME, "Name of the service that is released.", example="product-service")
    namespace: str = field(NAME, "Its namespace.", example="default", default="default")
    labels: Mapping[str, str] = field(
        MapOf(LABEL_KEY, LABEL_VALUE, most=64),
        "Labels of the Kubernetes objects that are compiled.",
        example={"team": "shop"},
        default={},
    )
    annotations: Mapping[str, str] = field(
        MapOf(LABEL_KEY, VALUE, most=64),
        "Annotations of the Kubernetes objects that are compiled.",
        example={"owner": "shop@example.com"},
        default={},
    )


class Accept(Record):
    """Something that a target cannot do and the release gives up."""

    code: str = field(ACCEPTED_CODE, "The code of the diagnostic.", example="GM301")
    target: str | None = field(TargetName(), "The target; all of them when left out.", example="nginx", default=None)
    reason: str = field(PROSE, "Why that is all right.", example="office traffic is tested elsewhere")


class Spec(Record):
    """What is released, to whom, in which steps."""

    service: Service = field(One(Service), "Where the service is reached.")
    stable: str = field(Reference("version"), "The version that everyone gets who is sent nowhere else.", example="v1")
    versions: Mapping[str, Version] = field(
        MapOf(VERSION_NAME, One(Version), least=1, most=MOST_VERSIONS, space="version", empty={}),
        "The versions that run; all but stable are canaries.",
        example={"v1": {"endpoints": ["10.0.1.11:8080"]}, "v2": {"endpoints": ["10.0.2.11:8080"]}},
    )
    audiences: Mapping[str, tuple[AudienceEntry, ...]] = field(
        MapOf(
            LOCAL_NAME, ListOf(One(AudienceEntry), least=1, most=MOST_ENTRIES), most=MOST_AUDIENCES, space="audience"
        ),
        "Named groups of requests: any entry of the list, all keys of an entry.",
        example={"beta": [{"cookies": {"beta": "1"}}, {"claims": {"tier": "beta"}}]},
        default={},
    )
    routes: tuple[Route, ...] = field(
        ListOf(One(Route), most=MOST_ROUTES, space="route"),
        "Audiences that get one version; the first match wins.",
        example=[{"name": "beta", "audience": "beta", "version": "v2", "from": "gray-5"}],
        default=[],
    )
    sticky: Sticky | None = field(One(Sticky), "Each user stays on one version while the weights grow.", default=None)
    edge: Edge | None = field(One(Edge), "One target decides, those behind it follow.", default=None)
    jwt: Jwt | None = field(One(Jwt), "Where claims come from.", default=None)
    stages: tuple[Stage, ...] = field(
        ListOf(One(Stage), most=MOST_STAGES, space="stage"),
        "The steps of the release, in order.",
        example=[{"name": "gray-5", "weight": 5, "hold": "30m"}, {"name": "full", "weight": 100}],
        default=[],
    )
    stage: str | None = field(
        Reference("stage"), "Where the release stands; the first stage when left out.", example="gray-5", default=None
    )
    guards: Guards | None = field(One(Guards), "Limits that every canary must keep to.", default=None)
    limits: Mapping[str, VersionLimits] = field(
        MapOf(VERSION_NAME, One(VersionLimits), most=MOST_VERSIONS, refers="version"),
        "What single versions can take.",
        example={"v2": {"qps": 500}},
        default={},
    )
    resilience: Resilience | None = field(
        One(Resilience), "What engines do about slow and failing instances.", default=None
    )
    mirror: Mirror | None = field(One(Mirror), "A copy of requests for a version.", default=None)
    notice: Notice | None = field(One(Notice), "A response header for everyone who gets a canary.", default=None)
    trace: Trace | None = field(One(Trace), "A unique id on canary requests.", default=None)
    workload: Workload | None = field(One(Workload), "What runs the service.", default=None)
    tests: tuple[SpecTest, ...] = field(
        ListOf(One(SpecTest), most=1000),
        "Requests and who must answer them.",
        example=[{"request": {"headers": {"X-Gray-Version": "v2"}}, "expect": "v2"}],
        default=[],
    )
    targets: Mapping[str, Mapping[str, Any]] = field(
        Targets(), "The engines to compile for, with their options.", example={"istio": {}}, default={}
    )
    accept: tuple[Accept, ...] = field(
        ListOf(One(Accept), most=100),
        "What targets cannot do and the release gives up.",
        example=[{"code": "GM301", "reason": "office traffic is tested elsewhere"}],
        default=[],
    )

    @property
    def canaries(self) -> tuple[str, ...]:
        """Every version but stable, in the spec's order."""
        return tuple(name for name in self.versions if name != self.stable)

    def problems(self, place: Place) -> None:
        """What keys only say together."""
        check_shares(self.stages, self.stable, self.canaries, place.below("stages"))
        if self.sticky:
            check_room(self.stages, self.canaries, place)
        if self.edge and self.trace:
            check_headers(self.edge, self.trace, place)


class Rollout(Record):
    """One gray release of one service."""

    api_version: str = field(Word(API_VERSION), "The language's version.", example=API_VERSION)
    kind: str = field(Word("Rollout"), "What the file describes.", example="Rollout")
    metadata: Metadata = field(One(Metadata), "Who the release is.")
    spec: Spec = field(
        One(Spec),
        "What is released, to whom, in which steps.",
        example={
            "service": {"port": 8080},
            "stable": "v1",
            "versions": {"v1": {"endpoints": ["10.0.1.11:8080"]}, "v2": {"endpoints": ["10.0.2.11:8080"]}},
            "stages": [{"name": "gray-5", "weight": 5, "hold": "30m"}, {"name": "full", "weight": 100}],
        },
    )

    @property
    def host(self) -> str:
        """The service's name inside the mesh."""
        name = f"{self.metadata.name}.{self.metadata.namespace}.svc.cluster.local"
        return self.spec.service.host or name

    def problems(self, place: Place) -> None:
        """A domain is public, the service's own name is not."""
        for index, domain in enumerate(self.spec.service.domains):
            if domain == self.host:
                path = place.below("spec").below("service").below("domains").below(index)
                message = f"{quoted(domain)} is the service's own host name"
                path.report("GM112", message, "leave it out", needless=True)


class ProjectFile(Record):
    """`graymesh.yaml`: which releases belong together, and where their output goes."""

    api_version: str = field(Word(API_VERSION), "The language's version.", example=API_VERSION)
    kind: str = field(Word("Project"), "What the file describes.", example="Project")
    releases: tuple[str, ...] = field(
        ListOf(FILE_PATTERN, least=1, most=100, unique=True),
        "Spec files, relative to this file.",
        example=["releases/*.yaml"],
        default=["releases/*.yaml"],
    )
    output: str = field(
        FOLDER, "Folder for the compiled files, relative to this file.", example="rendered", default="rendered"
    )
    targets: Mapping[str, Mapping[str, Any]] = field(
        Targets(), "Options that releases take unless they say otherwise.", example={"istio": {}}, default={}
    )


def parse_rollout(source: Document) -> tuple[Rollout | None, list[Diagnostic]]:
    """The rollout of a source, or None and everything that is wrong with it, placed, in the file's order."""
    return _parse(Rollout, source)


def parse_project(source: Document) -> tuple[ProjectFile | None, list[Diagnostic]]:
    """The project file of a source, or None and everything that is wrong with it, placed, in the file's order."""
    return _parse(ProjectFile, source)


def _parse(record: type[R], source: Document) -> tuple[R | None, list[Diagnostic]]:
    reading = Reading(source)
    root = Place(reading)
    found: dict[str, R] = {}
    if not _foreign(record, source.data, root):
        read_into(found, "document", One(record), source.data, root)
    problems = [*reading.problems, *unresolved(reading)]
    if not problems:
        return found["document"], []
    return None, sorted(map(source.place, problems), key=lambda problem: (problem.span, problem.code))


def _foreign(record: type[Record], data: Any, root: Place) -> bool:
    """Reports a file of another language or kind, of which nothing else can be said."""
    if not isinstance(data, dict):
        return False
    for key in ("apiVersion", "kind"):
        wanted, value = record.fields[key].example, data.get(key)
        if isinstance(value, str) and value != wanted:
            message = f"the {key} is {quoted(value)}, not {quoted(wanted)}"
            root.below(key).report("GM108", message, suggestion(value, [wanted]), mended=certain(value, [wanted]) or "")
    return bool(root.reading.problems)
