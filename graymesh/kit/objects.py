"""What all objects for Kubernetes have in common, whoever writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from graymesh.ir.release import Release

MANAGED: Final = {"app.kubernetes.io/managed-by": "graymesh"}
"""The label by which operators find what graymesh wrote."""


def kubernetes_object(
    api_version: str, kind: str, metadata: Mapping[str, Any], spec: Mapping[str, Any]
) -> dict[str, Any]:
    """One object, its keys in the order in which people read them."""
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def metadata_of(release: Release, name: str = "") -> dict[str, Any]:
    """Name, namespace, the labels by which operators find what graymesh wrote, and what the user adds to them.

    Never a label or annotation by which Argo CD, Flux or Helm track what they applied: those are theirs.
    """
    own = {**MANAGED, "app.kubernetes.io/name": release.name}
    return {
        "name": name or release.name,
        "namespace": release.namespace,
        "labels": {**dict(release.labels), **own},
        **({"annotations": dict(release.annotations)} if release.annotations else {}),
    }
