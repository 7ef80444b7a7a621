"""Getting what the Kubernetes engine needs: our Go program with kube-apiserver in it, and Istio's CRDs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from tests.conformance.cache import Say
from tests.conformance.go_build import GoProgram, stamp

_PROGRAM: Final = GoProgram(
    name="kubernetes", pinned=re.compile(r"k8s\.io/kubernetes v(\S+)"), time_needed="5 to 15 minutes"
)
_API: Final = "istio.io/api"
_API_PINNED: Final = re.compile(rf"{re.escape(_API)} v(\S+)")
_CRDS: Final = "kubernetes/customresourcedefinitions.gen.yaml"


def kubernetes_version() -> str:
    """The pinned version, as go.mod says it: `1.36.1`."""
    return _PROGRAM.version


def api_version() -> str:
    """The pinned version of Istio's CRDs, as go.mod says it: `1.31.1`."""
    found = _API_PINNED.search((_PROGRAM.folder / "go.mod").read_text(encoding="utf-8"))
    if found is None:
        raise LookupError(f"{_PROGRAM.folder / 'go.mod'} pins no version of {_API}")
    return found[1]


def server() -> Path:
    """The Go program, once it is built."""
    return _PROGRAM.binary


def crds() -> Path:
    """The folder of the CRDs, once they are there."""
    return _PROGRAM.binary.parent / f"crds-{api_version()}"


def missing() -> str | None:
    """Why the engine cannot be used yet, None when it can."""
    if why := _PROGRAM.missing():
        return why
    return None if stamp(crds()).exists() else f"the CRDs of Istio {api_version()} are not there"


def setup(say: Say) -> None:
    """Build the server and fetch the CRDs unless that is done; an interrupted build goes on. Raises RuntimeError."""
    _PROGRAM.build(say)
    _fetch_crds(say)


def _fetch_crds(say: Say) -> None:
    """They are copied from the module, for Go may clean its own cache."""
    if stamp(crds()).exists():
        say(f"CRDs of Istio {api_version()}: there already")
        return
    source = _PROGRAM.module_file(_API, _CRDS, say)
    shutil.rmtree(crds(), ignore_errors=True)
    crds().mkdir(parents=True)
    shutil.copyfile(source, crds() / "istio.yaml")
    stamp(crds()).write_text(api_version())
    say(f"CRDs of Istio {api_version()}: copied")
