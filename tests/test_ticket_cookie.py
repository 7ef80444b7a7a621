"""The cookie that carries tickets: as a spec writes it, as browsers are told, and as every engine's files say it."""

from __future__ import annotations

import pytest

from graymesh.compile.verify import verify
from graymesh.ir.release import TICKET, SetCookie
from graymesh.kit.cookies import attributes, cookie_of
from graymesh.kit.registry import target
from graymesh.language.case import Case, case_of
from graymesh.language.model import parse_rollout
from graymesh.language.project import Project
from graymesh.source import load

SPEC = """\
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop, namespace: default}
spec:
  service: {port: 8080, domains: [shop.example.com, www.example.com]}
  stable: v1
  versions: {v1: {endpoints: ["10.0.1.1:8080"]}, v2: {endpoints: ["10.0.2.1:8080"]}}
  sticky: {cookie: COOKIE}
  stages: [{name: half, weight: 50, hold: 1h}, {name: full, weight: 100}]
  targets: {istio: {}, nginx: {}, spring-cloud-gateway: {}}
"""
FULL = "{name: __Secure-gray, maxAge: 48h, domain: example.com, path: /shop, secure: true, sameSite: Strict}"
LINE = "; Path=/shop; Domain=example.com; Max-Age=172800; Secure; HttpOnly; SameSite=Strict"
ENGINES = ["istio", "nginx", "spring-cloud-gateway"]


def case(tmp_path_factory: pytest.TempPathFactory, cookie: str) -> Case:
    folder = tmp_path_factory.mktemp("project")
    found, problems = case_of(
        load(SPEC.replace("COOKIE", cookie), "spec.yaml"), Project(root=folder, releases=(), output=folder)
    )
    assert found is not None, problems
    return found


def codes_of(made: Case, name: str, before: str = "", after: str = "") -> set[str]:
    """What verification says of the files in which this text stands in place of the other one."""
    engine = target(name)
    view = made.view(engine.manifest)
    files = dict(engine.emit(engine.lower((view,))))
    changed = {path: text.replace(before, after) if before else text for path, text in files.items()}
    assert not before or changed != files, "the change does not apply"
    return {each.diagnostic.code for each in verify(engine, (view,), engine.decode(changed), name)}


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    ("cookie", "line"),
    [
        ("gray", "; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"),
        ("{name: gray}", "; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"),
        ("{name: gray, session: true}", "; Path=/; HttpOnly; SameSite=Lax"),
        ("gray, maxAge: 1h", "; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"),
        ('{name: g, secure: true, sameSite: "None"}', "; Path=/; Max-Age=2592000; Secure; HttpOnly; SameSite=None"),
        (FULL, LINE),
    ],
)
def test_every_engine_says_it(name: str, cookie: str, line: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    made, engine = case(tmp_path_factory, cookie), target(name)
    texts = engine.emit(engine.lower((made.view(engine.manifest),))).values()
    assert any(line in text for text in texts)
    assert codes_of(made, name) == set()


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("; Path=/shop", "; Path=/"),
        ("; Path=/shop", ""),
        ("; Domain=example.com", ""),
        ("; Domain=example.com", "; Domain=example.org"),
        ("; Max-Age=172800", ""),
        ("; Max-Age=172800", "; Max-Age=17280"),
        ("; Max-Age=172800", "; Expires=Wed, 21 Oct 2026 07:28:00 GMT"),
        ("; Secure", ""),
        ("; Secure", "; Secure=1"),
        ("; HttpOnly", ""),
        ("; SameSite=Strict", ""),
        ("; SameSite=Strict", "; SameSite=Lax"),
        ("; SameSite=Strict", "; SameSite=Strict; SameSite=Strict"),
        ("; SameSite=Strict", "; SameSite=Strict; Partitioned"),
    ],
)
def test_each_attribute_is_verified(
    name: str, before: str, after: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert codes_of(case(tmp_path_factory, FULL), name, before, after) & {"GM901", "GM905"}


@pytest.mark.parametrize(
    ("cookie", "code", "says"),
    [
        ("a b", "GM105", "'a b' is not a cookie's name"),
        ("{name: a b}", "GM105", "'a b' is not a cookie's name"),
        ("5", "GM107", "expected a cookie's name as text"),
        ("{maxAge: 1h}", "GM103", "name"),
        ("{name: gray, session: true, maxAge: 4h}", "GM110", "the cookie has an age"),
        ("{name: gray, session: true}, maxAge: 4h", "GM110", "the cookie says how long it is kept"),
        ('{name: gray, sameSite: "None"}', "GM110", "browsers drop cookies of sameSite None"),
        ("{name: gray, domain: other.com}", "GM110", "browsers drop cookies for 'other.com'"),
        ("{name: gray, domain: shop.example.com}", "GM110", "from 'www.example.com'"),
        ("{name: __Secure-gray}", "GM110", "unless it is secure"),
        ("{name: __Host-gray, secure: true, path: /a}", "GM110", "with a domain or another path"),
        ('{name: gray, path: "/a;b"}', "GM109", "is not a path that a cookie can have here"),
        ("{name: gray, path: a}", "GM109", "is not a path that a cookie can have here"),
        ("{name: gray}, key: {cookie: gray}", "GM110", "carries the ticket itself"),
    ],
)
def test_what_browsers_drop_is_refused(cookie: str, code: str, says: str) -> None:
    rollout, problems = parse_rollout(load(SPEC.replace("COOKIE", cookie), "spec.yaml"))
    assert rollout is None
    assert [each.code for each in problems] == [code]
    assert says in problems[0].message


@pytest.mark.parametrize("cookie", ["gray", "{name: gray}", "{name: gray, session: true}", FULL])
def test_what_is_written_back_reads_back(cookie: str) -> None:
    rollout, problems = parse_rollout(load(SPEC.replace("COOKIE", cookie), "spec.yaml"))
    assert rollout is not None, problems
    assert rollout.spec.sticky is not None
    written = rollout.spec.sticky.written()["cookie"]
    assert (written == "gray") == (cookie in ("gray", "{name: gray}"))
    assert type(rollout.spec.sticky).model_validate({"cookie": written}) == rollout.spec.sticky


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("a=b; Path=/; HttpOnly; SameSite=Lax", SetCookie("a", "b")),
        ("a=b;samesite=strict;HTTPONLY;path=/x", SetCookie("a", "b", path="/x", same_site="Strict")),
        ("a=b; Path=/; HttpOnly; SameSite=Lax; Domain=.Example.com", SetCookie("a", "b", domain="example.com")),
        (f"a={TICKET}; Path=/; HttpOnly; SameSite=Lax; Max-Age=0", SetCookie("a", TICKET, 0)),
        ("a=b; Path=/; HttpOnly; SameSite=Lax; Max-Age=-1", None),
        ("a=b; Path=/; HttpOnly; SameSite=Any", None),
        ("a=b; Path=/; SameSite=Lax", None),
        ("a=b; HttpOnly; SameSite=Lax", None),
        ("a=b; Path=x; HttpOnly; SameSite=Lax", None),
        ("a=b; Path=/; Path=/; HttpOnly; SameSite=Lax", None),
        ("a b=c; Path=/; HttpOnly; SameSite=Lax", None),
        ("a=b c; Path=/; HttpOnly; SameSite=Lax", None),
        ("a; Path=/; HttpOnly; SameSite=Lax", None),
        ("a=; Path=/; HttpOnly; SameSite=Lax", None),
    ],
)
def test_lines_as_browsers_read_them(line: str, found: SetCookie | None) -> None:
    assert cookie_of(line) == found
    if found:
        assert cookie_of(f"{found.name}={found.value}{attributes(found)}") == found
