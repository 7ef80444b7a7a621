"""Istio's words and the forms of its names, for whoever writes or reads them."""

from __future__ import annotations

from typing import Final

MESH: Final = "mesh"
"""All sidecars together, where the names of gateways stand."""

WHOLE_NAMESPACE: Final = "."
EVERYWHERE: Final = "*"
"""In `exportTo`: the object's own namespace, and all of them."""

LONGEST_PATTERN: Final = 1024
"""Characters of a regular expression that Istio's validation still takes (`validateStringRegexp`)."""


def namespace_of(host: str) -> str:
    """The namespace of the Kubernetes service that has this name, "" for names of another form."""
    parts = host.split(".")
    return parts[1] if len(parts) > 3 and parts[2] == "svc" else ""
