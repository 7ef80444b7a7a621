"""What pages of other origins are answered: maps that know origins and preflights, and what a location says by them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from graymesh.ir.release import SAFE_METHODS, Cors
from graymesh.proof.regex.portable import literal
from graymesh.targets.nginx.conditions import exact
from graymesh.targets.nginx.marks import Marks
from graymesh.targets.nginx.names import Names
from graymesh.targets.nginx.quoting import Value, Variable
from graymesh.targets.nginx.tree import Directive, Item, MapRegex, Remark, mapped

ROLES: Final = frozenset(f"cors_{role}" for role in ("origin", "asks", "options", "preflight", "credentials", "expose"))
"""What the variables are called."""

_ORIGIN: Final = Variable("http_origin")
_ASKED: Final = Variable("http_access_control_request_method")
_METHOD: Final = Variable("request_method")
_OWN: Final = ("Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers")


def cors_marks(cors: Cors | None, names: Names) -> Marks:
    """Blocks and directives; none without `cors`. The service's own headers are left out for every origin."""
    if cors is None:
        return Marks((), ())
    items: list[Item] = [Remark(), Remark("Pages of these origins may call.")]
    origin = names.own("cors_origin")
    known = [(MapRegex(rf"\A{literal(each)}\z"), (each,)) for each in cors.origins]
    items.append(mapped((_ORIGIN,), origin, ("",), known))
    answers: list[tuple[str, Value]] = [(_OWN[0], (origin,))]
    if cors.credentials:
        answers.append((_OWN[1], _where_known(origin, "true", names.own("cors_credentials"), items)))
    asked = [Directive("add_header", (*each, "always")) for each in (*answers, *_of_preflights(cors))]
    if cors.expose:
        answers.append((_OWN[2], _where_known(origin, ", ".join(cors.expose), names.own("cors_expose"), items)))
    preflight = _preflight(names, items)
    found = [Directive("if", ((preflight,),), (*asked, _FOR_CACHES, Directive("return", ("204",))))]
    found += [Directive("proxy_hide_header", (name,)) for name in _OWN]
    found += [Directive("add_header", (*each, "always")) for each in answers]
    return Marks(tuple(items), (*found, _FOR_CACHES))


_FOR_CACHES: Final = Directive("add_header", ("Vary", "Origin", "always"))
"""Caches must not give one origin's answer to another."""


def _where_known(origin: Variable, text: str, variable: Variable, items: list[Item]) -> Value:
    items.append(mapped((origin,), variable, (text,), [("", ("",))]))
    return (variable,)


def _of_preflights(cors: Cors) -> Iterator[tuple[str, Value]]:
    yield "Access-Control-Allow-Methods", (", ".join((*SAFE_METHODS, *cors.methods)),)
    if cors.headers:
        yield "Access-Control-Allow-Headers", (", ".join(cors.headers),)
    if cors.max_age_seconds is not None:
        yield "Access-Control-Max-Age", (str(cors.max_age_seconds),)


def _preflight(names: Names, items: list[Item]) -> Variable:
    """1 for OPTIONS with Origin and Access-Control-Request-Method."""
    asks, options, preflight = (names.own(f"cors_{role}") for role in ("asks", "options", "preflight"))
    items += [
        Remark(),
        Remark("Preflights are answered here: OPTIONS with Origin and Access-Control-Request-Method."),
        mapped((_ASKED,), asks, ("1",), [("", ("0",))]),
        mapped((_METHOD,), options, ("0",), [(exact("OPTIONS"), (asks,))]),
        mapped((_ORIGIN,), preflight, (options,), [("", ("0",))]),
    ]
    return preflight
