"""The whole compiler: specs in, proven files out. A line per stage.

load → model → lint → (per target) view → lower → emit → decode → verify → files
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from graymesh.compile.artifacts import artifacts_of, strangers_among
from graymesh.compile.engine_schemas import refused_by_schema
from graymesh.compile.folder import Folder
from graymesh.compile.needs import needs_of, records
from graymesh.compile.parallel import in_parallel
from graymesh.compile.verify import Discrepancy, labels_of, names_lost, relabelled, verify
from graymesh.compile.write import Output
from graymesh.diagnostic import Diagnostic, Refused
from graymesh.did_you_mean import quoted, suggestion
from graymesh.ir.release import Release
from graymesh.kit.registry import target, target_names
from graymesh.kit.target import Files, Manifest, Statement, Target, View
from graymesh.language.case import Case, Progress, load_cases, release_at
from graymesh.language.project import Project, shown
from graymesh.lint import engine

ALL = "all"
"""Stands for every stage, each in a folder of its own."""

_COUNTED = 50  # files are told release by release up to here; beyond, nobody reads so long a table


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What of a project to compile: `targets` by name (all), `stage` by name (where each release stands), or `ALL`.

    With `schemas`, files are held against the schemas of their engines as well. Without `infos`, lint's are left out.
    """

    targets: tuple[str, ...] = ()
    stage: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    schemas: bool = False
    infos: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    """One release on one target: how many files tell of it, and whether all of them are proven."""

    release: str
    stage: str
    target: str
    files: int
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """`output`: what belongs into the output folder; no files when there are errors."""

    output: Output
    diagnostics: Sequence[Diagnostic]
    rows: Sequence[ReleaseRow] = ()

    @property
    def files(self) -> Mapping[str, str]:
        """Path below the output folder → text."""
        return self.output.files

    @property
    def failed(self) -> bool:
        """Is there an error, so that nothing may be written?"""
        return _errors(self.diagnostics)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One target's part of one stage; `folder` is where its files go, below the output folder.

    `companions` are the same releases as other targets see them whose rules rely on names in this one's files. `after`
    are the jobs whose files this one's views must have first (`View.beside`), be they chosen or not.
    """

    target: str
    stage: str
    folder: str
    views: tuple[View, ...]
    companions: tuple[tuple[str, View], ...] = ()
    after: tuple[Job, ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """What came of a job: its files, what verification found in them, and how many files tell of each release."""

    files: Mapping[str, str]
    found: Sequence[Discrepancy]
    told: Mapping[str, int]


def compile_project(project: Project, choice: Selection, progress: Progress) -> Compiled:
    """Compile and prove; nothing is written. Raises Refused for a stage that no release has."""
    cases, problems = load_cases(project, choice.targets, progress)
    return compile_cases(cases, problems, choice, progress)


def compile_cases(
    cases: Sequence[Case], known: Sequence[Diagnostic], choice: Selection, progress: Progress
) -> Compiled:
    """Compile and prove releases that are loaded already; `known` is what loading found."""
    problems = [*known, *(_no_target(case) for case in cases if not case.targets)]
    jobs = [] if _errors(problems) else list(jobs_of(cases, choice))
    first, *later = _waves(jobs)
    tasks: list[Callable[[], Any]] = [
        partial(engine.run, cases, choice.select, choice.ignore, choice.infos),
        *(partial(build, job) for job in first),
    ]
    with closing(in_parallel(tasks, len(cases), progress)) as results:
        problems += next(results)
        built = [] if _errors(problems) else list(results)
    if _errors(problems):
        return Compiled(output=Output(files={}), diagnostics=problems)
    jobs = first
    for wave in later:
        done = {job.folder: each.files for job, each in zip(jobs, built, strict=True)}
        with closing(in_parallel([partial(build, job, done) for job in wave], len(cases), progress)) as results:
            built += results
        jobs = [*jobs, *wave]
    return _together(cases, jobs, built, problems, scoped=bool(choice.targets))


def verify_project(project: Project, choice: Selection, output: Folder | None, progress: Progress) -> Compiled:
    """Hold the files in the output folder against the specs; `files` is empty, there is nothing to write.

    Raises Refused as `compile_project` does, and for a link or an interrupted write in the output folder.
    """
    cases, problems = load_cases(project, choice.targets, progress)
    if _errors(problems):
        return Compiled(output=Output(files={}), diagnostics=problems)
    jobs = list(jobs_of(cases, choice))
    problems += strangers_among(output, _folders(jobs, bool(choice.targets)))
    tasks = [partial(_verified, job, output, choice.schemas) for job in jobs]
    with closing(in_parallel(tasks, len(cases), progress)) as results:
        done = list(results)
    return _together(cases, jobs, done, problems, scoped=False)


def _verified(job: Job, output: Folder | None, schemas: bool) -> Built:
    job, chosen = _ready(job, {}), target(job.target)
    files = artifacts_of(output, job.folder, chosen.manifest.writes) if output else {}
    where = shown(output.path / job.folder) if output else job.folder
    found = _proven(job, files, where)
    if schemas:
        found += [Discrepancy("", problem) for problem in refused_by_schema(chosen, files, where)]
    return Built(files, found, _told(chosen, job.views))


def _proven(job: Job, files: Mapping[str, str], folder: str) -> list[Discrepancy]:
    chosen = target(job.target)
    fleet = chosen.decode(files)
    beside = [(target(name), view) for name, view in job.companions]
    return [*verify(chosen, job.views, fleet, folder), *names_lost(chosen, fleet, folder, beside)]


def decoded(case: Case, release: Release, name: str) -> list[Statement]:
    """What the named target's files for this release alone are read back to, in the release's own names."""
    chosen = target(name)
    after = tuple(_after([case], name, release.stage))
    view = case.view(chosen.manifest, release)
    job = Job(target=name, stage=release.stage, folder=name, views=(view,), after=after)
    fleet = chosen.decode(_files(_ready(job, {})))
    names = {label: version for version, label in labels_of(chosen, view).items()}
    return [replace(each, table=relabelled(each.decision, names)) for each in fleet.statements if each.table]


def jobs_of(cases: Sequence[Case], choice: Selection) -> Iterator[Job]:
    """One job per stage and target, in order. Raises Refused when no release has the stage."""
    names = sorted({manifest.name for case in cases for manifest in case.targets if _chosen(manifest, choice)})
    for stage in _stages(cases, choice):
        yield from (_job(cases, name, stage, f"{stage}/" if choice.stage == ALL and stage else "") for name in names)


def _job(cases: Sequence[Case], name: str, stage: str | None, below: str = "") -> Job:
    return Job(
        target=name,
        stage=stage or "",
        folder=f"{below}{name}",
        views=tuple(_views(cases, name, stage)),
        companions=tuple(_companions(cases, name, stage)),
        after=tuple(_after(cases, name, stage, below)),
    )


def _after(cases: Sequence[Case], name: str, stage: str | None, below: str = "") -> Iterator[Job]:
    """The jobs of those targets that the named one comes after, as far as any release is compiled for them."""
    there = {manifest.name for case in cases for manifest in case.targets}
    yield from (_job(cases, other, stage, below) for other in target(name).manifest.after if other in there)


def _waves(jobs: Sequence[Job]) -> list[list[Job]]:
    """The jobs in the order in which they can be done, those that need nothing of each other together."""
    depths = [_depth(job) for job in jobs]
    waves = [[job for job, depth in zip(jobs, depths, strict=True) if depth == each] for each in sorted(set(depths))]
    return waves or [[]]


def _depth(job: Job) -> int:
    return 1 + max(map(_depth, job.after), default=-1)


def _ready(job: Job, done: Mapping[str, Files]) -> Job:
    """The job with the files that it comes after: as they were built, by folder, or else as they would be written."""
    if not job.after:
        return job
    beside = {
        each.target: done[each.folder] if each.folder in done else _files(_ready(each, done)) for each in job.after
    }
    return replace(job, views=tuple(replace(view, beside=beside) for view in job.views))


def _files(job: Job) -> Files:
    chosen = target(job.target)
    return chosen.emit(chosen.lower(job.views))


def build(job: Job, done: Mapping[str, Files] = MappingProxyType({})) -> Built:
    """lower → emit → decode → verify, for one target; `done` are files of other jobs by folder."""
    job, chosen = _ready(job, done), target(job.target)
    files = _files(job)
    return Built(files, _proven(job, files, job.folder), _told(chosen, job.views))


def placed(cases: Sequence[Case], found: Sequence[Discrepancy]) -> list[Diagnostic]:
    """The findings at their places in the specs; those about files alone have theirs."""
    sources = {case.release.key: case.source for case in cases}
    return [sources[each.release].place(each.diagnostic) if each.release else each.diagnostic for each in found]


def _errors(problems: Sequence[Diagnostic]) -> bool:
    return any(problem.level == "error" for problem in problems)


def _no_target(case: Case) -> Diagnostic:
    message = f"{case.release.key} has no target"
    help_ = "name them under targets, here or in graymesh.yaml, or give -t"
    return case.source.place(Diagnostic(code="GM021", message=message, path=("metadata", "name"), help=help_))


def _views(cases: Sequence[Case], name: str, stage: str | None) -> Iterator[View]:
    for case in cases:
        for manifest in case.targets:
            if manifest.name == name:
                yield case.view(manifest, release_at(case, stage))


def _companions(cases: Sequence[Case], name: str, stage: str | None) -> Iterator[tuple[str, View]]:
    """The views of those targets that stand beside this one, of the releases that are compiled for both."""
    for case in cases:
        if any(manifest.name == name for manifest in case.targets):
            for manifest in case.targets:
                if manifest.companion == name:
                    yield manifest.name, case.view(manifest, release_at(case, stage))


def _stages(cases: Sequence[Case], choice: Selection) -> Sequence[str | None]:
    if choice.stage is None:
        return (None,)
    known = list(dict.fromkeys(release.stage for case in cases for release in case.stages if release.stage))
    if choice.stage == ALL:
        return known or (None,)
    if choice.stage not in known:
        message = f"no release has a stage {quoted(choice.stage)}; {suggestion(choice.stage, known)}"
        raise Refused((Diagnostic(code="GM111", message=message, file=cases[0].source.file),), usage=True)
    return (choice.stage,)


def _chosen(manifest: Manifest, choice: Selection) -> bool:
    return not choice.targets or manifest.name in choice.targets


def _told(chosen: Target, views: Sequence[View]) -> dict[str, int]:
    if len(views) > _COUNTED:
        return {}
    return {view.release.key: len(chosen.emit(chosen.lower((view,)))) for view in views}


def _together(
    cases: Sequence[Case], jobs: Sequence[Job], built: Sequence[Built], problems: list[Diagnostic], scoped: bool
) -> Compiled:
    done = list(zip(jobs, built, strict=True))
    files = {f"{job.folder}/{path}": text for job, each in done for path, text in each.files.items()}
    output = Output(
        files=dict(sorted(files.items())),
        scope=[f"{job.folder}/" for job in jobs] if scoped else (),
        applied=_folders(jobs, scoped),
        releases=_lists([case.release for case in cases]),
        needs=records(needs_of(cases, [job.target for job in jobs])) if jobs else {},
    )
    return Compiled(
        output=output,
        diagnostics=[*problems, *(item for each in built for item in placed(cases, each.found))],
        rows=[row for job, each in done for row in _rows(job, each)],
    )


def _lists(releases: Sequence[Release]) -> Mapping[str, str]:
    """What files of one release are called → the name of the list that tells of them: by name where it is the only."""
    lists = {release.key: release.key.replace("/", ".") for release in releases}
    names = Counter(release.name for release in releases)
    alone = {release.name: lists[release.key] for release in releases if names[release.name] == 1}
    return {**alone, **{name: name for name in lists.values()}}


def _folders(jobs: Sequence[Job], scoped: bool) -> Mapping[str, str]:
    """Folders that engines read → their targets; also those of targets that no release is compiled for any more."""
    others = {} if scoped else {name: name for name in target_names()}
    return dict(sorted({**others, **{job.folder: job.target for job in jobs}}.items()))


def _rows(job: Job, built: Built) -> Iterator[ReleaseRow]:
    failed = {each.release for each in built.found}
    for view in job.views:
        key = view.release.key
        yield ReleaseRow(
            release=key,
            stage=view.release.stage,
            target=job.target,
            files=built.told.get(key, 0),
            verified=not failed & {key, ""},
        )
