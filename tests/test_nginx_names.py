"""nginx: variables are called after what they hold, and no two releases of any project meet in one."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graymesh.compile.verify import verify
from graymesh.ir.release import Release
from graymesh.targets.nginx.names import LONGEST_PREFIX, LONGEST_ROLE, Names
from graymesh.targets.nginx.quoting import LONGEST_VARIABLE, variable_name
from tests.nginx import engine
from tests.nginx.releases import EVERYONE, NGINX, exact, goes_to, header, release, written

RELEASE = release("x", [EVERYONE]).release
LABEL = st.from_regex("[a-z]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True)
WORD = st.sampled_from(
    ["a", "b", "a-b", "b-c", "a--b", "default", "http", "gm", "version", "1", "x" * 63, "x" * 62 + "y"]
)


def called(namespace: str, name: str, role: str) -> str:
    made: Release = replace(RELEASE, namespace=namespace, name=name)
    return Names(made).variable(role).name


@pytest.mark.parametrize(
    ("namespace", "name", "role", "variable"),
    [
        ("default", "product-service", "testers", "product_service_testers"),
        ("default", "product-service", "beta-users", "product_service__beta_users"),
        ("default", "product-service-beta", "users", "product_service_beta_users"),
        ("web", "search", "version", "web__search__version"),
        ("default", "web-search", "version", "web_search_version"),
        ("default", "http-router", "version", "default__http_router__version"),
        ("default", "request", "id", "default__request__id"),
        ("default", "gm", "dollar", "default__gm__dollar"),
        ("default", "shop", "X-Gray-Trace", "shop__x_gray_trace"),
    ],
)
def test_names_say_whose_they_are(namespace: str, name: str, role: str, variable: str) -> None:
    assert called(namespace, name, role) == variable


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a-b", "c", "v"), ("a", "b-c", "v")),
        (("default", "a-b", "c"), ("default", "a", "b-c")),
        (("default", "a", "b-c"), ("a", "b", "c")),
        (("default", "a-b-c", "v"), ("a", "b-c", "v")),
        (("a", "b", "c-d"), ("a", "b-c", "d")),
        (("a", "b--c", "d"), ("a", "b-c", "d")),
        (("a--b", "c", "d"), ("a", "b-c", "d")),
        (("x" * 63, "x" * 62 + "a", "v"), ("x" * 63, "x" * 62 + "b", "v")),
        (("a", "b", "x" * 62 + "a"), ("a", "b", "x" * 62 + "b")),
        (("a", "b", "c--d"), ("a", "b", "c-d")),
    ],
)
def test_names_that_look_alike_stay_apart(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert called(*one) != called(*other)


@given(st.tuples(WORD | LABEL, WORD | LABEL, WORD | LABEL), st.tuples(WORD | LABEL, WORD | LABEL, WORD | LABEL))
def test_no_two_things_have_one_name(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert (called(*one) == called(*other)) == (one == other)
    assert variable_name(called(*one))
    assert re.match("[a-z]", called(*one)), "nginx reads $1 as a group of an expression"


@given(LABEL, LABEL)
def test_names_depend_on_their_own_release_alone(name: str, role: str) -> None:
    asked = [goes_to(role, ((header("x-a", exact("1")),),), "v2"), EVERYONE]
    alone, beside = written(release(name, asked)), written(release(name, asked), release("b", asked))
    assert name == "b" or alone[f"default.{name}.conf"] == beside[f"default.{name}.conf"]


def test_names_never_become_too_long() -> None:
    longest = [called("x" * 63, "y" * 63, "z" * 63), called("default", "y" * LONGEST_PREFIX, "z" * LONGEST_ROLE)]
    assert all(len(name) <= LONGEST_VARIABLE - len("_1000") for name in longest)


def test_a_role_that_is_taken_gets_a_number() -> None:
    names = Names(RELEASE, frozenset(["version"]))
    made = [names.variable("x-a"), names.variable("x_a"), names.variable("version"), names.own("version")]
    assert [each.name for each in made] == ["x__x_a", "x__x_a_2", "x__version_2", "x_version"]


AUDIENCES = [
    "version",
    "chosen",
    "ticket",
    "digit",
    "user",
    "drawn",
    "cookie",
    "cookies",
    "token",
    "default",
    "x--y",
    "1",
    "z" * 63,
]


@pytest.mark.parametrize(
    "name", ["http", "arg", "cookie-service", "sent-http", "upstream-http", "request", "gm", "jwt-claim"]
)
def test_nginx_takes_every_name(name: str, tmp_path: Path) -> None:
    """A release that is called as nginx's own variables are, with audiences that are called as ours."""
    routes = [goes_to(each, ((header(f"x-{number}", exact("1")),),), "v2") for number, each in enumerate(AUDIENCES)]
    view = release(name, [*routes, EVERYONE])
    tables = tuple(replace(each, hosts=("other.example.com",)) for each in view.tables)
    elsewhere = replace(view, release=replace(view.release, namespace="http"), tables=tables)
    assert verify(NGINX, [view], NGINX.decode(written(view)), "nginx") == []
    if not engine.missing():
        assert engine.checked(tmp_path, {**written(view), **written(elsewhere)})[0] == ""
