"""Spring Cloud Gateway: anybody's files are read by Spring's rules, and what is not understood is refused by its name.

`spring/read/<case>/` holds files in the styles of Spring's manual and what they mean, worked out by hand; the first
line of each file in `spring/refused/` names the part that must be refused.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from graymesh.ir.release import (
    TICKET,
    Buckets,
    Kind,
    Matcher,
    OneOf,
    PathPrefix,
    Prefix,
    Present,
    Regex,
    Route,
    SetCookie,
    Share,
    Suffix,
)
from graymesh.ir.semantics import describe
from graymesh.ir.wording import buckets_in_words
from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.registry import target
from graymesh.kit.target import Decoded
from graymesh.targets.spring_cloud_gateway.decode_predicates import predicate
from graymesh.targets.spring_cloud_gateway.patterns import host, matcher
from graymesh.targets.spring_cloud_gateway.shortcuts import definition
from tests.helpers import case_from

DATA = Path(__file__).parent / "spring"
SPRING = target("spring-cloud-gateway")
FILE = "application-graymesh.yaml"


def in_words(fleet: Decoded) -> str:
    """The fleet as `expected.txt` has it."""
    lines: list[str] = []
    for service in fleet.statements:
        lines.append(f"hosts {', '.join(service.hosts)}")
        lines += [fact_in_words(key, value) for key, value in service.settings.items()]
        lines += [
            f"  {route.name}: {condition_in_words(route)} -> {outcome_in_words(route)}"
            for route in service.decision.routes
        ]
    lines += [f"refused {refusal.field} in line {refusal.line}" for refusal in fleet.refusals]
    return "\n".join(lines) + "\n"


def fact_in_words(key: tuple[str, str], value: object) -> str:
    version, name = key
    return f"  {version} at {', '.join(value)}" if isinstance(value, tuple) else f"  {name} is {value}"


def condition_in_words(route: Route) -> str:
    return " or ".join(" and ".join(map(describe, tests)) or "everyone else" for tests in route.condition)


def outcome_in_words(route: Route) -> str:
    policy, several = route.policy, len(route.split.shares) > 1
    parts = [", ".join(f"{share.basis_points} " * several + share_in_words(share) for share in route.split.shares)]
    if policy.retries:
        parts.append(f"{policy.retries.attempts} retries on {', '.join(policy.retries.on)}")
    if policy.timeout_ms:
        parts.append(f"within {policy.timeout_ms} ms")
    return "; ".join(parts)


def share_in_words(share: Share) -> str:
    cookie = share.set_cookie
    effects = [f"{cookie_in_words(cookie, share)} for {cookie.max_age_seconds} s"] if cookie else []
    effects += [f"request {name}: {value}" for name, value in share.request_headers]
    effects += [f"response {name}: {value}" for name, value in share.response_headers]
    return share.version + (f" ({', '.join(effects)})" if effects else "")


def cookie_in_words(cookie: SetCookie, share: Share) -> str:
    ticket = f"a ticket of {buckets_in_words(share.buckets)}" if cookie.value == TICKET else cookie.value
    return f"cookie {cookie.name}={ticket}{' passed on' if cookie.passed_on else ''}"


@pytest.mark.parametrize("case", sorted(folder.name for folder in (DATA / "read").iterdir()))
def test_what_a_file_decides(case: str) -> None:
    folder = DATA / "read" / case
    fleet = SPRING.decode({"application.yaml": (folder / "application.yaml").read_text(encoding="utf-8")})
    assert in_words(fleet) == (folder / "expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", sorted(path.stem for path in (DATA / "refused").iterdir()))
def test_what_is_not_understood_is_refused_by_name(case: str) -> None:
    text = (DATA / "refused" / f"{case}.yaml").read_text(encoding="utf-8")
    fleet = SPRING.decode({"application.yaml": text})
    expected = text.partition("\n")[0].removeprefix("# refused: ").split(", ")
    assert {refusal.field for refusal in fleet.refusals} == set(expected)
    assert fleet.statements == ()
    assert all(refusal.message and refusal.line > 0 for refusal in fleet.refusals)


def test_files_are_read_together() -> None:
    case, problems = case_from((DATA / "releases" / "sticky.yaml").read_text(encoding="utf-8"))
    assert case is not None, problems
    files = SPRING.emit(SPRING.lower([case.view(SPRING.manifest)]))
    importing = {
        "application.yaml": "spring.config.import: 'optional:file:./application-graymesh.yaml'\nserver.port: 80\n"
    }
    assert SPRING.decode({**files, **importing}) == SPRING.decode(files)
    twice = SPRING.decode({**files, "application.yaml": files[FILE]})
    assert {refusal.field for refusal in twice.refusals} >= {"routes"}
    assert twice.statements == ()


def test_properties_are_not_read() -> None:
    fleet = SPRING.decode({"application.properties": r"a=b\:c"})
    assert [refusal.file for refusal in fleet.refusals] == ["application.properties"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("v2", OneOf(("v2",))),
        (r"b|a\.c|b", OneOf(("a.c", "b"))),
        (r"\$\{x\}", OneOf(("${x}",))),
        ("my-.*", Prefix("my-")),
        (".+", Present()),
        ("[0-9a-f-]{4,}0[0-3][0-9a-f]{2}", Buckets(((0, 0x3FF),))),
        ("0[0-4][0-9][0-9]", Regex("0[0-4][0-9][0-9]")),
        (r"\d+", Regex(r"\d+")),
        ("a.c", Regex("a.c")),
        ("^v2$", OneOf(("v2",))),
        ("^v2+$", Regex("^v2+$")),
    ],
)
def test_what_a_regexp_takes(pattern: str, found: Matcher) -> None:
    assert matcher(pattern, Kind.HEADER) == found


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"(?i)Shop\.example(?::[0-9]*)?", OneOf(("shop.example",))),
        (r"(?i)(a\.b|c)(:\d*)?", OneOf(("a.b", "c"))),
        (r"(?i)[^:]*\.Beta\.example(?::[0-9]*)?", Suffix(".beta.example")),
        (r"(?i)(?:a|b-c\.d)(?::[0-9]*)?", OneOf(("a", "b-c.d"))),
    ],
)
def test_hosts_of_a_regexp(pattern: str, found: Matcher) -> None:
    assert host(pattern) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Path=/a", [OneOf(("/a", "/a/"))]),
        ("Path=/a,false", [OneOf(("/a",))]),
        ("Path=/a/", [OneOf(("/a/",))]),
        ("Path=/", [OneOf(("/",))]),
        ("Path=/a/**", [PathPrefix("/a")]),
        ("Path=/a, /c/** ,/b/", [OneOf(("/a", "/a/", "/b/")), PathPrefix("/c")]),
        ("Path=/a/*", [Regex("/a/[^/]*/?")]),
        ("Path=/a/*,false", [Regex("/a/[^/]*")]),
        ("Path=/a.b/{x}/c", [Regex(r"/a\.b/[^/]+/c/?")]),
    ],
)
def test_what_a_path_takes(text: str, found: list[Matcher]) -> None:
    """As measured on the gateway."""
    assert [tests[0].matcher for tests in predicate(definition(text, "predicates"))] == found


def test_a_path_for_all_asks_for_nothing() -> None:
    assert predicate(definition("Path=/a,/**", "predicates")) == ((),)


def test_several_alternatives_are_not_multiplied_without_end() -> None:
    paths = ",".join(f"/p{number}/**" for number in range(40))
    text = "spring.cloud.gateway.routes:\n- id: a\n  uri: lb://a\n  predicates:\n" + f"  - Path={paths}\n" * 3
    assert [refusal.field for refusal in SPRING.decode({"a.yaml": text}).refusals] == ["predicates"]


def test_a_definition_names_what_it_lacks() -> None:
    with pytest.raises(NotUnderstood, match=r"Cookie\.regexp: it is missing"):
        predicate(definition({"name": "Cookie", "args": {"name": "a"}}, "predicates"))
