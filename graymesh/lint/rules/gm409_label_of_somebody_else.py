"""A label or annotation that belongs to another program.

Argo CD, Flux, Helm and kubectl mark what they applied with labels and annotations of their own, and delete what carries
their mark and is not in their list. kustomize and Istio change how an object is read by some annotations. graymesh sets
app.kubernetes.io/managed-by and app.kubernetes.io/name itself.

bad: |
  metadata: {labels: {app.kubernetes.io/instance: shop}}
good: |
  metadata: {labels: {app.kubernetes.io/part-of: shop}, annotations: {argocd.argoproj.io/sync-wave: "1"}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from graymesh.language.case import Case
from graymesh.lint.finding import Finding

_OWNERS: Final[Mapping[str, str]] = {
    "app.kubernetes.io/instance": "Argo CD and Helm",
    "app.kubernetes.io/managed-by": "graymesh",
    "app.kubernetes.io/name": "graymesh",
    "argocd.argoproj.io/instance": "Argo CD",
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/installation-id": "Argo CD",
    "internal.istio.io/route-semantics": "Istio",
    "kubectl.kubernetes.io/last-applied-configuration": "kubectl",
}
_FAMILIES: Final[Mapping[str, str]] = {
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
    "meta.helm.sh/": "Helm",
    "config.kubernetes.io/": "kustomize",
    "internal.config.kubernetes.io/": "kustomize",
    "config.k8s.io/": "kustomize",
}


def check(case: Case) -> Iterator[Finding]:
    """Every label and annotation that is reserved."""
    metadata = case.rollout.metadata
    for kind, given in (("labels", metadata.labels), ("annotations", metadata.annotations)):
        for key in given:
            owner = _owner(key)
            if owner:
                yield Finding(
                    path=("metadata", kind, key),
                    at_key=True,
                    message=f"{key!r} belongs to {owner}",
                    help=f"leave it out; {owner} will set it"
                    if owner != "graymesh"
                    else "leave it out; it is set for you",
                )


def _owner(key: str) -> str:
    if key in _OWNERS:
        return _OWNERS[key]
    return next((owner for start, owner in _FAMILIES.items() if key.startswith(start)), "")
