"""What a server can choose: versions with their headers, cookies, and the string in which every route makes an offer.

An offer is `1v02c001 `: whether its condition holds, which version with its headers, which cookie. The first offer that
begins with `1` is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from graymesh.ir.release import UNIQUE_ID, Route, RouteTable, SetCookie, Share
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


class Outcome(NamedTuple):
    """A version and the headers that go with it."""

    version: str
    request_headers: Headers
    response_headers: Headers


@dataclass(slots=True)
class Choices:
    """The versions and cookies of one server, numbered from 1 in the order of their first use."""

    versions: dict[Outcome, int] = field(default_factory=dict)
    cookies: dict[SetCookie, int] = field(default_factory=dict)

    def code(self, share: Share) -> str:
        """The code of a share: `v02c001`, `c000` where no cookie is set."""
        outcome = Outcome(share.version, share.request_headers, share.response_headers)
        version = self.versions.setdefault(outcome, len(self.versions) + 1)
        cookie = 0
        if share.set_cookie:
            cookie = self.cookies.setdefault(share.set_cookie, len(self.cookies) + 1)
        if version > _MOST["v"] or cookie > _MOST["c"]:
            raise ValueError(f"more than {_MOST['v']} versions or {_MOST['c']} cookies in one release")
        return f"v{version:02}c{cookie:03}"

    @property
    def request_headers(self) -> list[str]:
        """Every header that some version sets on requests."""
        return sorted({name for outcome in self.versions for name, _ in outcome.request_headers})

    @property
    def response_headers(self) -> list[str]:
        """Every header that some version sets on answers."""
        return sorted({name for outcome in self.versions for name, _ in outcome.response_headers})


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
    requests, responses = choices.request_headers, choices.response_headers
    for name in ("upstream", *header_variables("request", requests), *header_variables("response", responses)):
        needs.tell(f"gm_{name}", len(choices.versions))
    needs.cookies = max(needs.cookies, len(choices.cookies))
    needs.response_headers.update(enumerate(responses, 1))
    found: list[Directive] = []
    for outcome, number in choices.versions.items():
        found.append(assigned(Variable(f"gm_upstream_{number:02}"), (labels[outcome.version],)))
        found += _headers("request", requests, dict(outcome.request_headers), number)
        found += _headers("response", responses, dict(outcome.response_headers), number)
    for cookie, number in choices.cookies.items():
        found.append(assigned(Variable(f"gm_mint_{number:03}"), (cookie_text(cookie),)))
    return found


def cookie_text(cookie: SetCookie) -> str:
    """The Set-Cookie header's value."""
    age = "" if cookie.max_age_seconds is None else f"; Max-Age={cookie.max_age_seconds}"
    return f"{cookie.name}={cookie.value}; Path=/{age}; HttpOnly; SameSite=Lax"


def header_variables(direction: str, names: list[str]) -> list[str]:
    """The variables, without prefix, that say what becomes of each header."""
    return [f"{direction}_{index}" for index in range(1, len(names) + 1)]


def _headers(direction: str, names: list[str], values: dict[str, str], number: int) -> Iterator[Directive]:
    """A version that leaves a header alone passes on what the client sent; for answers a shared map does that."""
    for variable, name in zip(header_variables(direction, names), names, strict=True):
        value: Value = (values.get(name, ""),)
        if values.get(name) == UNIQUE_ID:
            value = (REQUEST_ID,)
        elif name not in values and direction == "request" and "_" not in name:
            value = (header_variable("http_", name),)
        yield assigned(Variable(f"gm_{variable}_{number:02}"), value)


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
