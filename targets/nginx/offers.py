"""What a server can choose: versions with their headers, cookies, and the string in which every route makes an offer.

An offer is `1v02c001 `: whether its condition holds, which version with its headers, which cookie. The first offer that
begins with `1` is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from graymesh.ir import UNIQUE_ID, Route, RouteTable, SetCookie, Share
from graymesh.targets.nginx.needs import Needs
from graymesh.targets.nginx.questions import REQUEST_ID, Questions
from graymesh.targets.nginx.quoting import Part, Value, Variable, header_variable
from graymesh.targets.nginx.tree import Directive, assigned

OFFERS: Final = Variable("gm_offers")
WIDTH: Final = len("1v02c001 ")
_AT_ONCE: Final = 50
"""Offers in one `set`, so that no token becomes too long for nginx."""
_MOST: Final = {"v": 99, "c": 999}

Headers = tuple[tuple[str, str], ...]
Outcome = tuple[str, Headers, Headers]
"""A version and the request and response headers that go with it."""


@dataclass(slots=True)
class Choices:
    """The versions and cookies of one server, numbered from 1 in the order of their first use."""

    versions: dict[Outcome, int] = field(default_factory=dict)
    cookies: dict[SetCookie, int] = field(default_factory=dict)

    def code(self, share: Share) -> str:
        """The code of a share: `v02c001`, `c000` where no cookie is set."""
        outcome = (share.version, share.request_headers, share.response_headers)
        version = self.versions.setdefault(outcome, len(self.versions) + 1)
        cookie = 0
        if share.set_cookie:
            cookie = self.cookies.setdefault(share.set_cookie, len(self.cookies) + 1)
        if version > _MOST["v"] or cookie > _MOST["c"]:
            raise ValueError(f"more than {_MOST['v']} versions or {_MOST['c']} cookies in one release")
        return f"v{version:02}c{cookie:03}"

    def header_names(self, part: int) -> list[str]:
        """Every header that some version sets: part 1 of the outcome for requests, 2 for responses."""
        return sorted({name for outcome in self.versions for name, _ in outcome[part]})


def offers(table: RouteTable, questions: Questions, choices: Choices, needs: Needs) -> list[Directive]:
    """The directives that make the offers of all routes."""
    parts = [offer for route in table.routes for offer in _offers(route, questions, choices)]
    needs.offers = max(needs.offers, len(parts))
    if len(parts) <= _AT_ONCE:
        return [assigned(OFFERS, _joined(parts))]
    chunks = [parts[start : start + _AT_ONCE] for start in range(0, len(parts), _AT_ONCE)]
    names = [Variable(f"{OFFERS.name}_{number}") for number in range(1, len(chunks) + 1)]
    sets = [assigned(name, _joined(chunk)) for name, chunk in zip(names, chunks, strict=True)]
    return [*sets, assigned(OFFERS, tuple(names))]


def choices_set(choices: Choices, labels: dict[str, str], needs: Needs) -> list[Directive]:
    """The directives that say what the codes stand for."""
    requests, responses = choices.header_names(1), choices.header_names(2)
    needs.versions = max(needs.versions, len(choices.versions))
    needs.cookies = max(needs.cookies, len(choices.cookies))
    needs.request_headers = max(needs.request_headers, len(requests))
    needs.response_headers.update(enumerate(responses, 1))
    found: list[Directive] = []
    for outcome, number in choices.versions.items():
        found.append(assigned(Variable(f"gm_upstream_{number:02}"), (labels[outcome[0]],)))
        found += _headers("request", requests, dict(outcome[1]), number)
        found += _headers("response", responses, dict(outcome[2]), number)
    for cookie, number in choices.cookies.items():
        found.append(assigned(Variable(f"gm_mint_{number:03}"), (cookie_text(cookie),)))
    return found


def cookie_text(cookie: SetCookie) -> str:
    """The Set-Cookie header's value."""
    age = "" if cookie.max_age_seconds is None else f"; Max-Age={cookie.max_age_seconds}"
    return f"{cookie.name}={cookie.value}; Path=/{age}; HttpOnly; SameSite=Lax"


def _headers(direction: str, names: list[str], values: dict[str, str], number: int) -> Iterator[Directive]:
    """A version that leaves a header alone passes on what the client sent; for answers a shared map does that."""
    for index, name in enumerate(names, 1):
        value: Value = (values.get(name, ""),)
        if values.get(name) == UNIQUE_ID:
            value = (REQUEST_ID,)
        elif name not in values and direction == "request" and "_" not in name:
            value = (header_variable("http_", name),)
        yield assigned(Variable(f"gm_{direction}_{index}_{number:02}"), value)


def _offers(route: Route, questions: Questions, choices: Choices) -> Iterator[tuple[Part, ...]]:
    codes = tuple(choices.code(share) for share in route.split.shares)
    for tests in route.condition:
        met = questions.conjunction(tests)
        if met is not None:
            yield (met, questions.draw(route.split, codes), " ")


def _joined(parts: list[tuple[Part, ...]]) -> Value:
    """The parts in a row, literal texts that touch put together."""
    found: list[Part] = []
    for part in (part for offer in parts for part in offer):
        if found and isinstance(part, str) and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return tuple(found)
