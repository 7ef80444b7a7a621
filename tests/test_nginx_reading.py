"""nginx: anybody's files are read by nginx's rules, and what is not understood is refused by its name.

`nginx/read/<case>/` holds files in the styles of nginx's manual, and what they mean, worked out by hand. Where nginx is
installed, it is asked too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from graymesh.ir.release import (
    ALWAYS,
    Buckets,
    Condition,
    Field,
    Kind,
    Matcher,
    Networks,
    OneOf,
    PathPrefix,
    Policy,
    Prefix,
    Present,
    Regex,
    Retries,
    Share,
    Suffix,
)
from graymesh.ir.release import Test as Asked
from graymesh.ir.semantics import Request, decide
from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.registry import target
from graymesh.kit.target import Decoded, Statement
from graymesh.targets.nginx.decode_lists import ListEntry, _complementary, normal
from graymesh.targets.nginx.decode_maps import read_map
from graymesh.targets.nginx.decode_patterns import (
    PairPattern,
    after_known,
    exact_matcher,
    pair,
    value_matcher,
    wanted_matcher,
)
from graymesh.targets.nginx.syntax import Lines, parse

DATA = Path(__file__).parent / "nginx" / "read"
CASES = sorted(folder.name for folder in DATA.iterdir())
NGINX = target("nginx")


def decoded(case: str) -> tuple[Decoded, dict[str, Any]]:
    expected = yaml.safe_load((DATA / case / "expected.yaml").read_text(encoding="utf-8"))
    return NGINX.decode({"nginx.conf": (DATA / case / "nginx.conf").read_text(encoding="utf-8")}), expected


def request_of(written: dict[str, Any], service: Statement) -> Request:
    pairs = {name: tuple(written.get(name, {}).items()) for name in ("headers", "cookies", "query", "claims")}
    plain = {name: written[name] for name in ("method", "path", "source") if name in written}
    return Request(host=service.hosts[0], **plain, **pairs)


@pytest.mark.parametrize("case", CASES)
def test_what_is_refused(case: str) -> None:
    fleet, expected = decoded(case)
    wanted = expected.get("refusals", [])
    assert [(each.field, each.line) for each in fleet.refusals] == [(each["field"], each["line"]) for each in wanted]
    for refusal, each in zip(fleet.refusals, wanted, strict=True):
        assert each["says"] in refusal.message


@pytest.mark.parametrize("case", CASES)
def test_what_is_served(case: str) -> None:
    fleet, expected = decoded(case)
    assert [(list(each.hosts), each.scope) for each in fleet.statements] == [
        (each["hosts"], each.get("scope", "")) for each in expected["services"]
    ]
    for service, each in zip(fleet.statements, expected["services"], strict=True):
        facts = {
            (version, name): tuple(value) if isinstance(value, list) else value
            for version, name, value in each["facts"]
        }
        assert dict(service.settings) == facts


@pytest.mark.parametrize("case", CASES)
def test_who_gets_which_version(case: str) -> None:
    fleet, expected = decoded(case)
    for service, each in zip(fleet.statements, expected["services"], strict=True):
        for decision in each["decisions"]:
            found = decide(service.decision, request_of(decision["request"], service))
            assert found.route is not None
            shares = {share.version: share.basis_points for share in found.shares}
            assert shares == decision["shares"], decision["request"]
            assert found.route.split.key == key_of(decision.get("key"))
            assert found.route.policy == policy_of(decision.get("policy", {}))
            headers = {share.version: dict(share.request_headers) for share in found.shares}
            assert headers == decision.get("request_headers", {version: {} for version in shares})
            assert all(
                share
                == Share(version=share.version, basis_points=share.basis_points, request_headers=share.request_headers)
                for share in found.shares
            )


def key_of(written: list[str] | None) -> Field | None:
    return Field(Kind(written[0]), written[1]) if written else None


def policy_of(written: dict[str, Any]) -> Policy:
    retries = written.get("retries")
    made = Retries(**{**retries, "on": tuple(retries["on"])}) if retries else None
    return Policy(timeout_ms=written.get("timeout_ms"), retries=made)


@pytest.mark.parametrize(
    ("pattern", "caseless", "kind", "matcher"),
    [
        (r"\Av2\z", False, Kind.HEADER, OneOf(("v2",))),
        ("^v2", False, Kind.HEADER, Prefix("v2")),
        ("v2", False, Kind.HEADER, Regex(".*v2.*")),
        (r"\.v2$", False, Kind.HEADER, Suffix(".v2")),
        (r"\.v2\z", False, Kind.PATH, Suffix(".v2")),
        ("^.*[.]v2$", False, Kind.HEADER, Suffix(".v2")),
        ("^v2$", True, Kind.HEADER, OneOf(("V2", "v2"))),
        ("[a-f]$", True, Kind.HEADER, Regex(".*[A-Fa-f]")),
        (r"a\$", False, Kind.HEADER, Regex(r".*a\$.*")),
        ("^$", False, Kind.HEADER, OneOf(())),
        ("", False, Kind.HEADER, Present()),
        ("^/api(/|$)", False, Kind.PATH, PathPrefix("/api")),
        ("^(GET|POST)$", False, Kind.METHOD, OneOf(("GET", "POST"))),
    ],
)
def test_a_search_becomes_a_whole_match(pattern: str, caseless: bool, kind: Kind, matcher: Matcher) -> None:
    assert value_matcher(pattern, caseless, kind) == matcher


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"(^|;\s*)beta=1(;|$)", PairPattern("beta", OneOf(("1",)))),
        (r"(?:^|;[ \t]*)x\.y-z=(a|b)(?:;|$)", PairPattern("x.y-z", OneOf(("a", "b")))),
        (r"(^|;\s*)beta=v2", PairPattern("beta", Prefix("v2"))),
        (r"(^|;\s*)beta=[^;]*v2(;|$)", PairPattern("beta", Suffix("v2"))),
        (r"(?:^|;\s*)b=[0-9a-f-]{4,}0[0-3][0-9a-f]{2}(;|$)", PairPattern("b", Buckets(((0, 0x3FF),)))),
        (r"(?:^|;\s*)b=0[0-4][0-9][0-9](;|$)", PairPattern("b", Regex("0[0-4][0-9][0-9]"))),
        (r"(?:^|;\s*)uid=([^;]+)", PairPattern("uid", Present(), captured=True)),
    ],
)
def test_a_pair_in_the_cookie_header(pattern: str, found: PairPattern) -> None:
    assert pair(pattern, None, Kind.COOKIE) == found


@pytest.mark.parametrize(
    "pattern",
    [
        "beta=1",  # finds alphabeta=1 as well
        "(^|; )beta=1(;|$)",  # needs a blank that clients may leave out
        r"(^|;\s*)beta=",  # takes an empty cookie, which counts as absent
        r"(^|;\s*)beta=([^;]*)",
        r"(^|;\s*)be.ta=1(;|$)",  # a dot is any character
        r"(^|;\s*)beta=.*1(;|$)",  # runs into the next cookie
        r"(^|;\s*)beta=1|on(;|$)",  # alternatives at the top
        r"(^|;\s*)beta=(?!1)",
    ],
)
def test_patterns_that_find_more_than_a_pair_are_refused(pattern: str) -> None:
    with pytest.raises(NotUnderstood):
        pair(pattern, None, Kind.COOKIE)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"(?:^|\n)tier=beta\n", PairPattern("tier", OneOf(("beta",)))),
        (r"(?:\A|\n)tier=be", PairPattern("tier", Prefix("be"))),
        (r"(?:^|\n)tier=.*be\n", PairPattern("tier", Suffix("be"))),
        (r"(?:^|\n)tier=.", PairPattern("tier", Present())),
        (r"(?:^|\n)tier=[^\n]", PairPattern("tier", Present())),
        (r"(?:^|\n)tier=([^\n]+)\n", PairPattern("tier", Present(), captured=True)),
        (r"(?:^|\n)tier=\\n", PairPattern("tier", Prefix(r"\n"))),
        (r"(?:^|\n)tier=\\\\n", PairPattern("tier", Prefix(r"\\n"))),
        (r"(?:^|\n)tier=\\\n", PairPattern("tier", OneOf(("\\",)))),
    ],
)
def test_a_claim_among_lines(pattern: str, found: PairPattern) -> None:
    """After an even number of backslashes, `n` is a letter."""
    assert pair(pattern, None, Kind.CLAIM) == found


@pytest.mark.parametrize(
    "pattern", [r"tier=beta\n", r"(?:^|\n)tier=", r"(?:^|\n)tier=[^a]*b\n", r"^(?:^|\n)tier=beta\n"]
)
def test_patterns_that_find_more_than_a_claim_are_refused(pattern: str) -> None:
    with pytest.raises(NotUnderstood):
        pair(pattern, None, Kind.CLAIM)


def test_blanks_in_patterns_mean_the_same_however_they_are_written() -> None:
    """A tab, an escaped tab and `\\t` are one; two backslashes and a `t` are a backslash and a letter."""
    for written, matcher in (("a\tb", "a\\tb"), ("a\\\tb", "a\\tb"), (r"a\tb", r"a\tb"), (r"a\\tb", r"a\\tb")):
        text = 'map $http_x $y { "~' + written.replace("\\", "\\\\") + '" 1; }'
        (directive,) = parse(text, "nginx.conf")
        assert read_map(directive).patterns[0].text == matcher


def test_many_conditions_of_several_tests_are_read_one_by_one() -> None:
    """Telling all their cases apart would take more of them than there are lines in any file."""
    numbers = range(40)
    maps = [f"map $http_{kind}{n} ${kind}{n} {{ default 0; ~^1$ 1; }}" for n in numbers for kind in "ab"]
    text = "".join(f" w{n}=$a{n}$b{n}" for n in numbers)
    lines = "".join(f'"~ w{n}=11" v{n};' for n in numbers)
    server = "server { listen 80; server_name a.example.org; location / { proxy_pass http://$v; } }"
    server += "".join(f" upstream {name} {{ server 10.0.0.1; }}" for name in ("v", *(f"v{n}" for n in numbers)))
    fleet = NGINX.decode({"nginx.conf": "\n".join([*maps, f'map "{text}" $v {{ default v; {lines} }}', server])})
    (service,) = fleet.statements
    assert [len(route.condition[0]) for route in service.decision.routes] == [2] * 40 + [0]


def test_what_follows_a_known_text() -> None:
    assert after_known(r"^shop\.a:v2$", "shop.a:", Kind.HEADER) == OneOf(("v2",))
    assert after_known("^shop:v2$", "cart:", Kind.HEADER) is None
    for pattern in ("shop:v2", "^shop:(.*)$", "^shop:?v2$", "^sho.:v2$", "^shop:v2|x$"):
        with pytest.raises(NotUnderstood):
            after_known(pattern, "shop:", Kind.HEADER)


def test_what_follows_a_wanted_line() -> None:
    assert wanted_matcher("v2", r"\1\z", Kind.HEADER) == OneOf(("v2",))
    assert wanted_matcher("/api", r"\1(?:/|\z)", Kind.PATH) == PathPrefix("/api")
    for rest in (r"(.*)\z", r"\1*\z", r"x\1\z", r"\1\1\z"):
        with pytest.raises(NotUnderstood):
            wanted_matcher("v2", rest, Kind.HEADER)


def test_exact_keys_ignore_case_where_a_field_has_one() -> None:
    assert exact_matcher("v2", Kind.HEADER) == OneOf(("V2", "v2"))
    assert exact_matcher("post", Kind.METHOD) == OneOf(("POST",))
    assert exact_matcher("Shop.Example", Kind.HOST) == OneOf(("shop.example",))


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a {", "unexpected end of file", 1),
        ("\n}", "unexpected '}'", 2),
        ("\na 'b", "a quote that is not closed", 2),
        ('a "b"c;', "text right after one", 1),
        (";", "unexpected ';'", 1),
        ("a\n\\", "a backslash at the end", 2),
        ("a " + "x" * 4096 + ";", "a token of 4096 bytes", 1),
        ("\ufeffa;", "a NUL or a byte order mark", 1),
        ("a {" * 40, "blocks more than 32 deep", 1),
    ],
)
def test_text_that_nginx_does_not_take(text: str, message: str, line: int) -> None:
    (refusal,) = NGINX.decode({"nginx.conf": text}).refusals
    assert (refusal.field, refusal.line) == ("syntax", line)
    assert message in refusal.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"""a "b c" 'd;e' f#g h\;i;""", ("b c", "d;e", "f#g", r"h\;i")),
        (r"""a "\"\'\\\t\n\d" '\"' \"b;""", ("\"'\\\t\n\\d", '"', '"b')),
        ("a ${b}c $d# ; # e", ("${b}c", "$d#")),
        ("a \"\"\n\t'';", ("", "")),
        ("a b}c;", ("b}c",)),
    ],
)
def test_tokens(text: str, words: tuple[str, ...]) -> None:
    (directive,) = parse(text, "nginx.conf")
    assert directive.arguments == words


def test_a_long_broken_file_is_refused_quickly() -> None:
    text = 'a "' + "\\x" * 200_000
    assert NGINX.decode({"nginx.conf": text}).refusals[0].field == "syntax"


@pytest.mark.parametrize(
    "middle",
    [
        "set $a0 b; " + "".join(f"set $a{at + 1} $a{at}$a{at}; " for at in range(40)),
        "set $a0 b$http_y; " + "".join(f"set $a{at + 1} ${{a{at}}}x$a{at}; " for at in range(40)),
        "set $a0 " + "b" * 4000 + "; " + "".join(f"set $a{at + 1} $a{at}$a{at}; " for at in range(40)),
    ],
)
def test_values_that_double_are_refused(middle: str) -> None:
    text = f"server {{ listen 80; server_name a.example.org; {middle} location / {{ proxy_pass http://$a40; }} }}"
    fleet = NGINX.decode({"nginx.conf": text})
    assert fleet.statements == ()
    assert any("longer than" in refusal.message for refusal in fleet.refusals)


def test_maps_that_double_are_refused() -> None:
    maps = "".join(f'map $http_x $a{at + 1} {{ default "$a{at}$a{at}"; y "$a{at}"; }} ' for at in range(40))
    text = f"""map $http_x $a0 {{ default b; }} {maps}
    server {{ listen 80; server_name a.example.org; location / {{ proxy_pass http://$a40; }} }}"""
    fleet = NGINX.decode({"nginx.conf": text})
    assert fleet.statements == () and fleet.refusals


def test_values_of_many_maps_are_refused_before_all_their_cases_are_made() -> None:
    lines = " ".join(f"a{at} v{at};" for at in range(50))
    maps = "".join(f"map $http_x{at} $y{at} {{ default u; {lines} }} " for at in range(6))
    text = f"""{maps} server {{ listen 80; server_name a.example.org;
    location / {{ proxy_pass http://$y0$y1$y2$y3$y4$y5; }} }}"""
    fleet = NGINX.decode({"nginx.conf": text})
    assert [refusal.message for refusal in fleet.refusals] == ["more than 4000 cases"]


def test_lines_are_those_of_the_tokens() -> None:
    text = "a b;\n\n# c\nserver { listen\n80; x\n; }\n"
    lines = Lines(text)
    assert [lines.of(token) for token in range(12)] == [1, 1, 1, 3, 4, 4, 4, 5, 5, 5, 6, 6]
    assert lines.of(100) == 7


CONDITIONS = st.sampled_from(
    [
        ALWAYS,
        ((Asked(Field(Kind.HEADER, "x"), OneOf(("a",))),),),
        ((Asked(Field(Kind.HEADER, "x"), OneOf(("b",))),), (Asked(Field(Kind.HEADER, "x"), OneOf(("a",))),)),
        *(((Asked(Field(Kind.SOURCE), Networks((cidr,))),),) for cidr in ("10.0.0.0/8", "10.1.0.0/16", "::/0")),
    ]
)


@given(st.lists(st.tuples(CONDITIONS, st.sampled_from(["", "u", "v"])), max_size=8))
def test_neighbours_are_put_together_as_one_by_one(given: list[tuple[Condition, str]]) -> None:
    entries = [ListEntry(condition, (), (value,) if value else ()) for condition, value in given]
    found: list[ListEntry] = []
    for entry in entries:
        if found and found[-1].value == entry.value:
            found[-1] = found[-1]._replace(condition=either(found[-1].condition, entry.condition))
        else:
            found.append(entry)
        if found[-1].condition == ALWAYS:
            break
    assert normal(entries) == tuple(_complementary(found))


def either(left: Condition, right: Condition) -> Condition:
    """Of two conditions at a time, as the list was once put together."""
    if ALWAYS in (left, right):
        return ALWAYS
    tests = [each[0][0] for each in (left, right) if len(each) == 1 and isinstance(each[0][0].matcher, Networks)]
    if len(tests) == 2:
        networks = sorted({network for test in tests for network in test.matcher.networks})  # type: ignore[union-attr]
        return ((Asked(tests[0].field, Networks(tuple(networks))),),)
    return tuple(dict.fromkeys((*left, *right)))


def test_variables_without_end_are_refused() -> None:
    text = """
map $a $b { default $c; "~x" $a; } map $b $a { default x; }
map $http_x $c { default $d; } map $http_x $d { default $c; }
server { listen 80; server_name a.example.org; location / { proxy_pass http://$b; } }
server { listen 80; server_name b.example.org; location / { proxy_pass http://$c; } }
"""
    fleet = NGINX.decode({"nginx.conf": text})
    assert fleet.statements == ()
    assert fleet.refusals
