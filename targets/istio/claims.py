"""How routes see claims: gateways read verified tokens themselves, in the mesh a header carries what they said.

A gateway matches `@request.auth.claims[tier]`, which nobody but the token's issuer can write. Sidecars cannot, so the
gateway's RequestAuthentication also copies the claim into a header that applications pass on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, TypeAlias

from graymesh.ir.claims import claim_path
from graymesh.ir.release import Absent, Conjunction, Field, Kind, OneOf, RouteTable, Test
from graymesh.kit.asked import names_asked
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

    def beside_tokens_of_others(self, tests: Conjunction) -> Conjunction | None:
        """What must hold besides for tokens of other issuers, which hold no claim of this one; None where one is
        asked for, or none is spoken of."""
        if not self.at_gateway or not self.issuer or any(map(_asks_for_claim, tests)):
            return None
        others = tuple(test for test in tests if test.field.kind is not Kind.CLAIM)
        return others if len(others) < len(tests) else None


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


_Verifier: TypeAlias = tuple[str, str, str, tuple[str, ...]]
"""Who verifies an issuer's tokens: issuer, address of its keys, namespace and labels of the pods."""


def request_authentications(views: Iterable[View]) -> list[dict[str, Any]]:
    """One per issuer and pods, for all releases: Envoy stops at the first rule that fits a token.

    The claims are those of all stages, so that verifying tokens does not begin, or end, where a release moves.
    """
    wanted: dict[_Verifier, tuple[set[str], set[Field]]] = {}
    for view in views:
        names, jwt = _claims_at_any_stage(view), view.release.jwt
        if names and jwt is not None:
            options = options_of(view)
            verifier = (jwt.issuer, jwt.jwks, options.gatewayNamespace, options.gatewaySelector)
            claims, sources = wanted.setdefault(verifier, (set(), set()))
            claims |= names
            sources.add(jwt.source)
    documents = [_document(verifier, sorted(names), sources) for verifier, (names, sources) in wanted.items()]
    return sorted(documents, key=lambda document: (document["metadata"]["namespace"], document["metadata"]["name"]))


def _claims_at_any_stage(view: View) -> set[str]:
    now = {name for each in view.tables for name in claim_names(each.table)}
    return now | (set() if view.role == "follower" else names_asked(view, Kind.CLAIM))


def _document(verifier: _Verifier, names: Sequence[str], sources: Iterable[Field]) -> dict[str, Any]:
    """The token stays in the request, since what lies behind may want to verify it again."""
    issuer, jwks, namespace, selector = verifier
    rule = {
        "issuer": issuer,
        "jwksUri": jwks,
        **_places(sources),
        "forwardOriginalToken": True,
        "outputClaimToHeaders": [{"header": header_of(issuer, name), "claim": name} for name in names],
    }
    spec: dict[str, Any] = {"selector": {"matchLabels": selector_labels(selector)}} if selector else {}
    spec["jwtRules"] = [rule]
    metadata = {"name": f"graymesh-{_digest(issuer, jwks, *selector)}", "namespace": namespace, "labels": dict(MANAGED)}
    return kubernetes_object("security.istio.io/v1", "RequestAuthentication", metadata, spec)


def _places(sources: Iterable[Field]) -> dict[str, Any]:
    """Every place where some release says that the tokens are."""
    names = sorted((source.kind, source.name) for source in sources)
    headers = [{"name": name, **_prefix(name)} for kind, name in names if kind is Kind.HEADER]
    cookies = [name for kind, name in names if kind is Kind.COOKIE]
    return ({"fromHeaders": headers} if headers else {}) | ({"fromCookies": cookies} if cookies else {})


def _prefix(header: str) -> dict[str, str]:
    return {"prefix": "Bearer "} if header == "authorization" else {}


def selector_labels(selector: Iterable[str]) -> dict[str, str]:
    """`app=gateway` … as labels."""
    return dict(sorted(entry.split("=", 1) for entry in selector))


def _asks_for_claim(test: Test) -> bool:
    return test.field.kind is Kind.CLAIM and not isinstance(test.matcher, Absent)


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()[:8]
