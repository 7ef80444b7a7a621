"""How routes see claims: gateways read verified tokens themselves, in the mesh a header carries what they said.

A gateway matches `@request.auth.claims[tier]`, which nobody but the token's issuer can write. Sidecars cannot, so the
gateway's RequestAuthentication also copies the claim into a header that applications pass on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from graymesh.ir.claims import claim_path
from graymesh.ir.release import Absent, Conjunction, Field, Jwt, Kind, OneOf, RouteTable, Test
from graymesh.kit.objects import MANAGED, kubernetes_object
from graymesh.kit.target import View
from graymesh.targets.istio.options import options_of

_OTHER: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Claims:
    """Where the tests of claims look: the token's own claims at a gateway, else headers."""

    issuer: str
    at_gateway: bool

    def key(self, name: str) -> str:
        """The name of the claim among the headers of a match."""
        if not self.at_gateway:
            return header_of(self.issuer, name)
        return "@request.auth.claims" + "".join(f"[{key}]" for key in claim_path(name))

    def completed(self, tests: Conjunction) -> Conjunction:
        """At a gateway that knows several issuers a claim counts only together with who says it."""
        asked = {test.field.name for test in tests if _asks_for_claim(test)}
        if not self.at_gateway or not self.issuer or not asked or "iss" in asked:
            return tests
        return (*tests, Test(Field(Kind.CLAIM, "iss"), OneOf((self.issuer,))))


def header_of(issuer: str, name: str) -> str:
    """The header that carries a claim of this issuer's tokens: `x-graymesh-claim-tier-5f0c3a1b`."""
    return f"x-graymesh-claim-{_OTHER.sub('-', name.lower()).strip('-')}-{_digest(issuer, name)}"


def claim_names(table: RouteTable) -> set[str]:
    """The claims that the table's routes ask for."""
    return {
        test.field.name
        for route in table.routes
        for tests in route.condition
        for test in tests
        if test.field.kind is Kind.CLAIM
    }


def request_authentications(views: Iterable[View]) -> list[dict[str, Any]]:
    """One per source of tokens and place, for all releases: Envoy stops at the first rule that fits a token."""
    wanted: dict[tuple[Jwt, str, tuple[str, ...]], set[str]] = {}
    for view in views:
        names = {name for host_table in view.tables for name in claim_names(host_table.table)}
        if names and view.release.jwt is not None:
            options = options_of(view)
            place = (view.release.jwt, options.gatewayNamespace, options.gatewaySelector)
            wanted.setdefault(place, set()).update(names)
    documents = [_document(jwt, space, labels, sorted(names)) for (jwt, space, labels), names in wanted.items()]
    return sorted(documents, key=lambda document: (document["metadata"]["namespace"], document["metadata"]["name"]))


def _document(jwt: Jwt, namespace: str, selector: tuple[str, ...], names: Sequence[str]) -> dict[str, Any]:
    digest = _digest(jwt.issuer, jwt.jwks, jwt.source.kind, jwt.source.name, *selector)
    spec: dict[str, Any] = {}
    if selector:
        spec["selector"] = {"matchLabels": selector_labels(selector)}
    spec["jwtRules"] = [_rule(jwt, names)]
    metadata = {"name": f"graymesh-{digest}", "namespace": namespace, "labels": dict(MANAGED)}
    return kubernetes_object("security.istio.io/v1", "RequestAuthentication", metadata, spec)


def _rule(jwt: Jwt, names: Sequence[str]) -> dict[str, Any]:
    """The token stays in the request, since what lies behind may want to verify it again."""
    return {
        "issuer": jwt.issuer,
        "jwksUri": jwt.jwks,
        **_location(jwt.source),
        "forwardOriginalToken": True,
        "outputClaimToHeaders": [{"header": header_of(jwt.issuer, name), "claim": name} for name in names],
    }


def _location(source: Field) -> Mapping[str, Any]:
    if source.kind is Kind.COOKIE:
        return {"fromCookies": [source.name]}
    prefix = {"prefix": "Bearer "} if source.name == "authorization" else {}
    return {"fromHeaders": [{"name": source.name, **prefix}]}


def selector_labels(selector: Iterable[str]) -> dict[str, str]:
    """`app=gateway` … as labels."""
    return dict(sorted(entry.split("=", 1) for entry in selector))


def _asks_for_claim(test: Test) -> bool:
    return test.field.kind is Kind.CLAIM and not isinstance(test.matcher, Absent)


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()[:8]
