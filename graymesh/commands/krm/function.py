"""The function itself: releases among the items become the objects that the Kubernetes targets write for them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from graymesh.commands.krm.resource_list import Item, ResourceList, written
from graymesh.compile.compiler import Selection, compile_cases
from graymesh.diagnostic import Diagnostic, Refused
from graymesh.did_you_mean import quoted
from graymesh.kit.registry import target, target_names
from graymesh.language.case import Case, Progress, case_of
from graymesh.language.model import parse_project
from graymesh.language.project import Project
from graymesh.source import Source, load, load_artifacts
from graymesh.text import yaml_text

CONFIG: Final = "functionConfig"
_THEIRS: Final = (
    "config.kubernetes.io/",
    "internal.config.kubernetes.io/",
    "config.k8s.io/",
    "kustomize.config.k8s.io/",
)
_PATHS: Final = ("internal.config.kubernetes.io/path", "config.kubernetes.io/path")


@dataclass(frozen=True, slots=True)
class Transformed:
    """`text` is the ResourceList to print, `results` are those that stand in it."""

    text: str
    results: Sequence[Mapping[str, Any]]
    failed: bool


@dataclass(frozen=True, slots=True)
class _Object:
    """One of graymesh's own objects: its source without the marks of the tools around it, and what it is called."""

    source: Source
    reference: Mapping[str, str]


def run(given: ResourceList, progress: Progress) -> Transformed:
    """Compiles all releases of the list; when one is wrong, the items stay as they were given."""
    others = [item.text for item in given.items if not item.ours]
    found: dict[str, _Object] = {}
    try:
        found = _objects(given)
        files, diagnostics = _compiled(found, _stage(given.config), progress)
    except Refused as refused:
        files, diagnostics = {}, list(refused.diagnostics)
    failed = any(diagnostic.level == "error" for diagnostic in diagnostics)
    results = [_result(diagnostic, found.get(diagnostic.file)) for diagnostic in diagnostics]
    items = [item.text for item in given.items] if failed else [*others, *_generated(files)]
    return Transformed(written(items, results), results, failed)


def _objects(given: ResourceList) -> dict[str, _Object]:
    """Releases and projects by a name for each. kustomize gives a generator's functionConfig as an item as well."""
    config = _object(given.config, CONFIG) if given.config and given.config.ours else None
    found = {CONFIG: config} if config else {}
    for index, item in enumerate(given.items):
        if item.ours:
            read = _object(item, f"items[{index}]", found)
            if config is None or read.reference != config.reference:
                found[read.source.file] = read
    return found


def _object(item: Item, name: str, taken: Container[str] = ()) -> _Object:
    """Its file is the one that it came from, where that is told and nothing else came from there; else `name`."""
    if item.kind not in ("Rollout", "Project"):
        message = f"there is no kind {quoted(item.kind)} in {item.api_version}"
        raise Refused((Diagnostic(code="GM108", message=message, file=name, help="Rollout or Project"),))
    source = load(item.text, name, item.kind)
    data = dict(source.data)
    metadata = _mapping(data.get("metadata"))
    annotations = _mapping(metadata.get("annotations"))
    path = next((annotations[key] for key in _PATHS if isinstance(annotations.get(key), str)), name)
    reference = {"apiVersion": item.api_version, "kind": item.kind}
    reference |= {key: metadata[key] for key in ("name", "namespace") if isinstance(metadata.get(key), str)}
    if item.kind == "Project":
        data.pop("metadata", None)  # kustomize wants a name; a project has none
    elif annotations:
        own = {key: value for key, value in annotations.items() if not str(key).startswith(_THEIRS)}
        data["metadata"] = {**metadata, "annotations": own}
    return _Object(replace(source, file=name if path in taken or name == CONFIG else path, data=data), reference)


def _mapping(value: Any) -> dict[Any, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _stage(config: Item | None) -> str | None:
    """The stage that a ConfigMap asks for; kpt gives arguments in that form."""
    if config is None or config.ours:
        return None
    data = load(config.text, CONFIG, "configuration").data
    if (config.api_version, config.kind) != ("v1", "ConfigMap"):
        message = f"{quoted(config.kind)} of {config.api_version or 'nobody'} is not a configuration of this function"
        help_ = "give a Rollout, a Project, or a ConfigMap with data.stage"
        raise Refused((Diagnostic(code="GM108", message=message, file=CONFIG, help=help_),))
    options = _mapping(data.get("data"))
    unknown = [key for key in options if key != "stage"]
    if unknown or not isinstance(options.get("stage", ""), str):
        message = f"{quoted(str(unknown[0]))} is not a key here" if unknown else "the stage is not text"
        raise Refused((Diagnostic(code="GM101", message=message, path=("data",), file=CONFIG, help="only stage is"),))
    return options.get("stage")


def _compiled(
    found: Mapping[str, _Object], stage: str | None, progress: Progress
) -> tuple[Mapping[str, str], Sequence[Diagnostic]]:
    names = tuple(name for name in target_names() if target(name).manifest.kubernetes)
    project = _project([read.source for read in found.values() if read.reference["kind"] == "Project"])
    cases: list[Case] = []
    problems: list[Diagnostic] = []
    for read in found.values():
        if read.reference["kind"] == "Rollout":
            case, wrong = case_of(read.source, project, names)
            problems += wrong
            cases += [case] if case else []
    if not cases and not problems:
        help_ = "list the releases under resources, before this function under transformers"
        raise Refused(
            (Diagnostic(code="GM020", message="there is no Rollout among the items", file=CONFIG, help=help_),)
        )
    done = compile_cases(cases, problems, Selection(targets=names, stage=stage, infos=False), progress)
    said = [diagnostic for diagnostic in done.diagnostics if diagnostic.level != "info"]
    return done.files, [*said, *_nothing_for(cases, names)]


def _project(sources: Sequence[Source]) -> Project:
    here = Path.cwd()
    if len(sources) > 1:
        raise Refused((Diagnostic(code="GM112", message="there are two projects", file=sources[1].file),))
    if not sources:
        return Project(root=here, releases=(), output=here)
    said, problems = parse_project(sources[0])
    if said is None:
        raise Refused(tuple(problems))
    return Project(root=here, releases=(), output=here, targets=said.targets)


def _nothing_for(cases: Sequence[Case], names: Sequence[str]) -> Iterator[Diagnostic]:
    """Releases for engines outside Kubernetes only; leaving them out in silence would look like success."""
    for case in cases:
        if not any(manifest.name in names for manifest in case.targets):
            message = f"{case.release.key} has no target that writes Kubernetes objects"
            help_ = f"name one under targets: {', '.join(names)}"
            yield case.source.place(Diagnostic(code="GM021", message=message, path=("spec", "targets"), help=help_))


def _generated(files: Mapping[str, str]) -> Iterator[str]:
    """Every object of the files with the place where tools that write files put it."""
    for path, text in files.items():
        for index, document in enumerate(load_artifacts(text, path)):
            data = document.data
            marks = {"internal.config.kubernetes.io/path": path, "internal.config.kubernetes.io/index": str(index)}
            metadata = {**data["metadata"], "annotations": {**data["metadata"].get("annotations", {}), **marks}}
            yield yaml_text({**data, "metadata": metadata})


def _result(found: Diagnostic, read: _Object | None) -> dict[str, Any]:
    help_ = f" ({found.help})" if found.help else ""
    return {
        "message": f"{found.code}: {found.message}{help_}",
        "severity": found.level,
        **({"resourceRef": dict(read.reference)} if read else {}),
        **({"field": {"path": _field_path(found.path)}} if found.path else {}),
        **({"file": {"path": found.file}} if found.file else {}),
        "tags": {"code": found.code},
    }


def _field_path(path: Sequence[str | int]) -> str:
    """`spec.stages[0].weight`, as the KRM results format writes it."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
