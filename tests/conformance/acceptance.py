"""What engines and their own checkers say of compiled files before any request is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from graymesh.ir.release import Release
from tests.conformance.engine import Engine, EngineRefused
from tests.conformance.istio import Istio
from tests.conformance.nginx import Nginx
from tests.conformance.spring import SpringCloudGateway
from tests.conformance.suite import Project

Factory: TypeAlias = type[Nginx] | type[Istio] | type[SpringCloudGateway]

ENGINES: Mapping[str, Factory] = {"nginx": Nginx, "istio": Istio, "spring-cloud-gateway": SpringCloudGateway}
"""The engines that choose versions, by their target's name."""


def complaints(engine: Engine, files: Mapping[str, str], releases: Sequence[Release], admission: Any) -> Sequence[str]:
    """Everything that is said against the files, in words; `admission` is the API server, or None.

    nginx: `nginx -t` and gixy. Istio: `istioctl validate` and `analyze`, and the API server's dry run. Spring says it
    when it loads.
    """
    if isinstance(engine, Nginx):
        return engine.check(files)
    if isinstance(engine, Istio):
        return [*_refused(lambda: engine.check(files, Project(tuple(releases)))), *_admitted(files, admission)]
    return ()


def _admitted(files: Mapping[str, str], admission: Any) -> Sequence[str]:
    return _refused(lambda: admission.check(files)) if admission else ()


def _refused(check: Any) -> Sequence[str]:
    try:
        return list(check() or ())
    except EngineRefused as refused:
        return [str(refused)]
