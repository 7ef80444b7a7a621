"""Names of claims: `tier`, `realm_access.roles` below another claim, `https://example.com/roles` with a namespace."""

from __future__ import annotations


def claim_path(name: str) -> tuple[str, ...]:
    """The keys that lead from the token's top to the claim; a name that is an address is one key, dots and all."""
    return (name,) if "://" in name else tuple(name.split("."))


def claim_name(path: tuple[str, ...]) -> str | None:
    """The name of the claim to which these keys lead, None when it has none."""
    name = ".".join(path)
    return name if claim_path(name) == path and all(path) else None
