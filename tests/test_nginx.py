"""nginx: what is written is what was meant; every hand mutation is found; hostile values stay values.

`nginx/releases.py` holds the releases, each with other features. Whether nginx itself agrees is asked in
`test_nginx_engine.py`.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from graymesh.compile.verify import verify
from graymesh.ir.release import ALWAYS, UNIQUE_ID, Facts, Field, Kind, Policy, Retries, Share
from graymesh.kit.target import Constraint, View
from graymesh.targets.nginx.check import check
from graymesh.targets.nginx.claims import may_ask_for_claims
from graymesh.targets.nginx.lower import SHARED_FILE
from graymesh.targets.nginx.quoting import (
    LONGEST,
    UnwritableError,
    Variable,
    comment,
    header_variable,
    map_key,
    map_regex,
    token,
    value,
    variable_name,
)
from graymesh.targets.nginx.syntax import parse
from tests.nginx.releases import (
    EVERYONE,
    NGINX,
    STICKY,
    VIEWS,
    claim,
    exact,
    goes_to,
    header,
    method,
    named,
    release,
    share,
    written,
)

HOSTILE = {
    "N01": "x; } server { listen 81; } #",
    "N02a": "a\\",
    "N02b": "; return 200 INJECTED; #",
    "N04": r"\n \r \t",
    "N05a": "#x",
    "N05b": "}",
    "N05c": "{",
    "N05d": ";",
    "N05e": '"',
    "N05f": "'",
    "N05g": "\\",
    "N05h": "\\\\",
    "N10a": "~*x",
    "N10b": "=x",
    "N10c": "^~x",
    "N10d": "@x",
    "dollar": "$host ${host} $1 $",
    "words": "default",
    "backslashes": r"\"\'\\\t\n\d\$",
    "both": "\\\"\\'",
}


def findings(*views: View, files: dict[str, str] | None = None) -> list[str]:
    """What verification says about the files, about our own when none are given."""
    found = verify(NGINX, views, NGINX.decode(files or written(*views)), "nginx")
    return [f"{each.diagnostic.code} {each.diagnostic.message}" for each in found]


@pytest.mark.parametrize("name", [view.release.name for view in VIEWS])
def test_reading_back_gives_what_was_meant(name: str) -> None:
    assert findings(named(name)) == []


def test_all_releases_together() -> None:
    assert findings(*VIEWS) == []


def test_nothing_is_written_for_no_release() -> None:
    assert written() == {}


class _Configuration(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "conf"


@pytest.mark.parametrize("name", ["sticky", "claims"])
def test_the_files_look_as_they_did(name: str, snapshot: SnapshotAssertion) -> None:
    files = written(named(name))
    text = "".join(f"# {path}\n{text}" for path, text in files.items() if path.endswith(".conf"))
    assert text == snapshot(extension_class=_Configuration)


def test_order_of_releases_does_not_show() -> None:
    assert written(*VIEWS) == written(*reversed(VIEWS))


def test_a_release_changes_only_its_own_file() -> None:
    """Whatever it asks, and at whatever stage."""
    one = release("a", [goes_to("x", ((header("x-gray-version", exact("v2")),),), "v2"), EVERYONE])
    other = release("a", [*STICKY], facts={("v2", "limits.qps"): 7})
    before, after = written(one, named("plain")), written(other, named("plain"))
    assert {path for path in before | after if before.get(path) != after.get(path)} == {"default.a.conf"}


def test_claims_of_a_later_stage_are_prepared_for() -> None:
    """Otherwise the stage would change the shared file."""
    later = (("partners", ((claim("tier", exact("gold")),),)),)
    view = release("a", [EVERYONE])
    waiting = replace(view, release=replace(view.release, audiences=later))
    assert "js_set $gm_claims" in written(waiting)[SHARED_FILE]
    assert "gm_claims" not in written(replace(waiting, role="follower"))[SHARED_FILE]
    assert findings(waiting) == []


def test_no_variable_is_shared_by_releases() -> None:
    """Each is set by one release and read by no other; the shared file's own begin with `gm_`."""
    owners: dict[str, str] = {}
    for path, text in written(*VIEWS).items():
        found = set(re.findall(r"(?:map .* |geo |split_clients .* )\$(\w+) \{", text))
        assert not found & owners.keys()
        owners |= dict.fromkeys(found, path)
    for path, text in written(*VIEWS).items():
        read = set(re.findall(r"\$\{?(\w+)", text)) & owners.keys()
        assert {owners[name] for name in read if not name.startswith("gm_")} <= {path}


MUTATIONS: list[tuple[str, str, str, str, str]] = [
    ("sticky", "a digit of what is drawn", r'ff[0-9a-f]{2})\z" v2', r'fe[0-9a-f]{2})\z" v2', "GM901"),
    ("sticky", "versions swapped", r'\z" v2;', r'\z" v1;', "GM901"),
    ("sticky", "first digits of the id", r'{2})\z" v2', '{2})" v2', "GM905"),
    ("sticky", "any case", r'"~(?:0', r'"~*(?:0', "GM905"),
    ("sticky", "digit of a ticket", "b(?:[0-9ab]", "b(?:[0-9a]", "GM901"),
    ("sticky", "shorter tickets", "{4,}[0-9a-f]{4}", "{3,}[0-9a-f]{4}", "GM901"),
    ("sticky", "another ticket than the id", "gray-ticket=$request_id; Path", "gray-ticket=0000ffff; Path", "GM905"),
    ("sticky", "one ticket for all", "gray-ticket=$request_id", "gray-ticket=0000ffff", "GM905"),
    ("sticky", "a ticket that says nothing", "map $request_id $sticky_drawn", "map $http_x $sticky_drawn", "GM901"),
    ("sticky", "drawn by another chance", "map $request_id $sticky_drawn", "map $connection $sticky_drawn", "GM905"),
    ("sticky", "not passed on", "        proxy_set_header Cookie $sticky_cookies;\n", "", "GM901"),
    ("sticky", "another cookie passed on", "; gray-ticket=$request_id", "; gray=$request_id", "GM905"),
    ("sticky", "cookies replaced", "$http_cookie; gray", "gray", "GM905"),
    ("sticky", "cookie's age", "Max-Age=2592000", "Max-Age=1", "GM901"),
    ("sticky", "canary's ticket ignored", '    "~ ticket_v2=1" v2;\n', "", "GM901"),
    (
        "sticky",
        "order",
        '    "~ ticket_v2=1" v2;\n    "~ ticket_v1=1" v1;',
        '    "~ ticket_v1=1" v1;\n    "~ ticket_v2=1" v2;',
        "GM901",
    ),
    ("sticky", "name of the cookie", "]*gray-ticket=(", "]*grey-ticket=(", "GM901"),
    ("sticky", "no cookie for errors", "$sticky_ticket always", "$sticky_ticket", "GM905"),
    ("sticky", "a cookie for everybody", '    default "";\n    ""      "gray', '    default "gray', "GM901"),
    ("sticky", "a word that is another's end", "~ ticket_v2=1", "~2=1", ""),
    ("keyed", "key", "uid=", "sid=", "GM901"),
    ("keyed", "a digit hashed as another", "split_clients 2:", "split_clients 1:", "GM905"),
    ("keyed", "a hash that gives users other buckets", "split_clients 4:", "split_clients 5:", "GM905"),
    ("keyed", "another key for a digit", "3:$keyed_user", "3:$http_x", "GM905"),
    ("keyed", "uneven parts", "6.25% 7;", "6.24% 7;", "GM905"),
    ("keyed", "a digit twice", "6.25% 7;", "6.25% 8;", "GM905"),
    ("keyed", "tickets before keys", '    "~ keyed=1"     $keyed_drawn;\n', "", "GM901"),
    ("keyed", "no fallback", "default                     $request_id", 'default ""', "GM905"),
    ("header-exact", "condition dropped", "~ asked=1", "~ asked=", "GM901"),
    ("header-exact", "condition turned round", "~ asked=1", "~ asked=0", "GM901"),
    ("header-exact", "value", "Av2", "Av3", "GM901"),
    ("header-exact", "regardless of case", '"~\\A', '"~*\\A', "GM901"),
    ("header-exact", "an exact key, which ignores case", '"~\\Av2\\z"', "v2", "GM901"),
    ("header-exact", "version swapped", '"~ asked=1" v2', '"~ asked=1" v1', "GM901"),
    ("header-prefix", "search instead of beginning", "~\\A", "~", "GM901"),
    ("header-regex", "end", '.*\\z"', '.\\z"', "GM901"),
    ("cookie-exact", "pair boundary", "beta=1[ \\t]*(?:;|\\z)", "beta=1", "GM901"),
    ("cookie-exact", "in the middle of a name", "(?:^|;)[ \\t]*beta", "beta", "GM905"),
    ("cookies", "all of them", "asked=11", "asked=1", "GM901"),
    ("paths", "whole segments", "(?:/|\\z)", "", "GM901"),
    ("source", "network", "203.0.113.0/24  1", "203.0.112.0/23  1", "GM901"),
    ("source", "trusted proxy", "10.0.0.0/8;", "0.0.0.0/0;", "GM903"),
    ("source", "last address", "    proxy_recursive;\n", "", "GM905"),
    ("marks", "lane", "X-Gray-Lane $marks_version", "X-Gray-Lane v1", "GM901"),
    ("marks", "trace", "v2      $request_id", "v2      always-the-same", "GM901"),
    ("marks", "notice", "you pay", "you paid", "GM901"),
    ("marks", "upstream's own notice", "proxy_hide_header X-Gray-Notice;", "", "GM905"),
    (
        "marks",
        "header twice",
        "proxy_set_header X-Gray-Lane",
        "proxy_set_header X-Gray-Lane v1; proxy_set_header X-Gray-Lane",
        "GM905",
    ),
    ("policies", "time of a try", "proxy_read_timeout 500ms", "proxy_read_timeout 600ms", "GM905"),
    ("policies", "time of all", "proxy_next_upstream_timeout 2s", "proxy_next_upstream_timeout 3s", "GM901"),
    ("policies", "tries", "tries 3", "tries 4", "GM901"),
    ("policies", "conditions", " http_500", "", "GM901"),
    ("policies", "failures", "max_fails=5", "max_fails=6", "GM903"),
    ("policies", "time out of service", "fail_timeout=30s", "fail_timeout=31s", "GM903"),
    ("policies", "rate", "rate=500r/s", "rate=501r/s", "GM903"),
    ("policies", "burst", "burst=499", "burst=500", "GM903"),
    ("policies", "waiting", "burst=499 nodelay", "burst=499", "GM905"),
    ("policies", "answer", "limit_req_status 429", "limit_req_status 503", "GM903"),
    (
        "fallback",
        "another server behind the canary",
        "10.0.1.12:8080 max_fails=0 backup",
        "10.0.1.13:8080 max_fails=0 backup",
        "GM903",
    ),
    ("fallback", "fewer servers behind it", "    server 10.0.1.12:8080 max_fails=0 backup;\n", "", "GM903"),
    ("fallback", "stable beside the canary", " backup;", ";", "GM903"),
    (
        "fallback",
        "the canary behind stable",
        "10.0.2.11:8080 max_fails=0",
        "10.0.2.11:8080 max_fails=0 backup",
        "GM905",
    ),
    ("fallback", "told otherwise of failures", "max_fails=0 backup", "max_fails=1 backup", "GM905"),
    ("fallback", "a way to balance that takes no backup", "keepalive 16;", "keepalive 16;\n    ip_hash;", "GM905"),
    ("limits", "counted together", "limit_req zone=default.limits.v2", "limit_req zone=default.limits.v1", "GM905"),
    ("limits", "everybody counted", '    default "";\n    v1      v1', "    default v1;\n    v1      v1", "GM905"),
    ("plain", "endpoint", "10.0.1.12:8080", "10.0.1.13:8080", "GM903"),
    ("plain", "server marked down", "10.0.1.12:8080", "10.0.1.12:8080 down", "GM905"),
    ("plain", "port", "listen 80;\n    server_name plain", "listen 81;\n    server_name plain", "GM903"),
    ("plain", "host", "server_name plain.example.com", "server_name plane.example.com", "GM904"),
    ("plain", "Host header", "Host $gm_host", "Host $proxy_host", "GM903"),
    ("plain", "other upgrades", "Upgrade $gm_upgrade", "Upgrade $http_upgrade", "GM903"),
    ("plain", "forged address", "X-Real-IP $plain__told_x_real_ip", "X-Real-IP $http_x_real_ip", "GM903"),
    ("plain", "anybody is trusted", "1       $http_x_real_ip", "0       $http_x_real_ip", "GM903"),
    ("plain", "more proxies", "127.0.0.0/8 1", "0.0.0.0/0 1", "GM903"),
    ("plain", "path", "http://default.plain.v1;", "http://default.plain.v1/x;", "GM905"),
    ("plain", "answer from the disk", "location / {", "location /x {", "GM905"),
    ("plain", "more is said", "location / {", "location / { rewrite ^ /x;", "GM905"),
    ("claims", "another program", "'base64url'", "'base64'", "GM905"),
    ("claims", "another token", "$gm_token $http_authorization", "$gm_token $http_x_token", "GM903"),
    ("claims", "the next claim's value", "tier=beta\\n", "tier=", "GM905"),
]


@pytest.mark.parametrize(
    ("name", "kind", "before", "after", "code"), MUTATIONS, ids=[f"{each[0]}: {each[1]}" for each in MUTATIONS]
)
def test_changes_by_hand_are_found(name: str, kind: str, before: str, after: str, code: str) -> None:
    view = named(name)
    files = written(view)
    changed = {path: text.replace(before, after) for path, text in files.items()}
    assert changed != files, "the mutation does not apply any more"
    found = {finding[:5] for finding in findings(view, files=changed)}
    assert code in found if code else not found, kind


HARMLESS = (
    (r"\s*(?:#.*|)", "nginx reads no comments"),
    (r"    keepalive 16;|        proxy_http_version 1\.1;", "connections to upstreams end sooner"),
    (r'    "" +gray-ticket=\$request_id;', "a semicolon stands before the ticket when it is alone, and says nothing"),
    (r"    server_tokens off;", "nginx tells its version"),
    (r"    listen 80;", "the port that nginx takes anyway"),
    (r"    server_name _;|    return 404;", "the server for nobody"),
    (r'    default +"";(?: # everyone)?', "what a map gives without a default"),
    (r'    default "\$";', "a dollar sign, which none of these releases has"),
    (r"    default +0;", "a digit that no line asks for"),
    (r"variables_hash_(?:bucket|max)_size [0-9]+;", "sizes, which nginx complains about when they are too small"),
)
"""Lines that can go without any request being answered in another way."""


@pytest.mark.parametrize("name", ["sticky", "mixed", "policies", "fallback", "keyed"])
def test_leaving_out_any_line_is_found_or_harmless(name: str) -> None:
    view = named(name)
    files = written(view)
    for path, text in files.items():
        lines = text.split("\n")
        for number, line in enumerate(lines):
            if any(re.fullmatch(pattern, line) for pattern, _ in HARMLESS):
                continue
            shorter = "\n".join(lines[:number] + lines[number + 1 :])
            assert findings(view, files={**files, path: shorter}), f"{path}:{number + 1}: {line}"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_values_stay_values(text: str) -> None:
    (directive,) = parse(f"a {token(text)} {value((text, Variable('host')))} {map_key(text)};", "x")
    literal, mixed, key = directive.arguments
    assert literal == text
    assert (
        mixed.replace("${gm_dollar}", "$").replace("$gm_dollar", "$").removesuffix("$host").removesuffix("${host}")
        == text
    )
    assert key.removeprefix("\\") == text.removeprefix("\\") or key == "\\" + text
    routes = [
        goes_to(
            "asked",
            ((header("x-asked", exact(text.strip())),),),
            replace(Share(version="v2", basis_points=10_000), response_headers=(("x-notice", text),)),
        ),
        EVERYONE,
    ]
    assert findings(release("hostile", routes)) == []


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40))
def test_any_token_reads_back(text: str) -> None:
    try:
        quoted = token(text)
    except UnwritableError:
        assert re.search(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]", text)
        return
    (directive,) = parse(f"a {quoted};", "x")
    assert directive.arguments == (text,)


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\x7f"])
def test_control_characters_are_refused(text: str) -> None:
    for write in (token, map_key, map_regex, lambda each: value((each, Variable("x")))):
        with pytest.raises(UnwritableError):
            write(text)


def test_tokens_that_nginx_cannot_read_are_refused() -> None:
    assert token("x" * LONGEST)
    for text in ("x" * (LONGEST + 1), '"' * LONGEST, "é" * (LONGEST // 2)):
        with pytest.raises(UnwritableError, match="bytes"):
            token(text)


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\x00b", "ünicode", "}", "{", ";", "#", '"', "'", "\\", "${x}", "`"])
def test_comments_end_with_their_line_and_open_nothing(text: str) -> None:
    assert re.fullmatch(r"# [a-z?]+", comment(text))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_comments_about_hostile_values_hold_plain_characters_only(text: str) -> None:
    view = release("hostile", [goes_to("asked", ((header("x-asked", exact(text)),),), "v2"), EVERYONE])
    for line in written(view)["default.hostile.conf"].splitlines():
        _, mark, said = line.partition("# ")
        if mark and line.startswith("# "):
            assert not set(said) & set("\"'\\{};#$`")


@pytest.mark.parametrize("name", ["X-A", "x_a", "", "x a", "x-a: b", "x\n"])
def test_headers_that_no_variable_reads_are_refused(name: str) -> None:
    with pytest.raises(UnwritableError):
        header_variable("http_", name)


@pytest.mark.parametrize("name", ["", "a-b", "A", "x" * 121])
def test_variables_have_short_plain_names(name: str) -> None:
    with pytest.raises(UnwritableError):
        variable_name(name)


def test_nothing_of_the_path_reaches_a_sink_that_could_be_split() -> None:
    for path, text in written(*VIEWS).items():
        for line in text.splitlines() if path.endswith(".conf") else ():
            if re.match(r"\s*(?:return|add_header|proxy_pass|proxy_set_header|rewrite)\b", line):
                assert "$uri" not in line
                assert "$document_uri" not in line
            assert not re.match(r"\s*(?:rewrite|if|alias|root)\b", line)


def told(view: View) -> list[Constraint]:
    return list(check(view))


def test_releases_that_nginx_takes_are_not_complained_about() -> None:
    """But for tokens that nobody verifies, where claims are asked for."""
    asking = [view for view in VIEWS if may_ask_for_claims(view)]
    said = [each for view in VIEWS for each in told(view)]
    assert [each.message for each in said if not each.message.startswith("nobody verifies tokens here")] == []
    assert [each.level for each in said] == ["warning"] * len(asking)


@pytest.mark.parametrize(
    ("retries", "counted"),
    [
        (None, False),
        (Retries(attempts=0), False),
        (Retries(attempts=1, on=("connect-failure",)), False),
        (Retries(attempts=1, on=("5xx", "connect-failure")), True),
    ],
)
def test_an_outlier_whose_server_errors_nobody_counts_is_said(retries: Retries | None, counted: bool) -> None:
    found = told(release("a", [EVERYONE], policy=Policy(retries=retries), facts={("", "outlier.errors"): 5}))
    said = "nginx counts failed connections and timeouts here, but no answer with 500 or above"
    assert [(each.level, each.message) for each in found] == ([] if counted else [("warning", said)])


TWO = ("10.0.2.11:8080", "10.0.2.12:8080")


def falling_back(policy: Policy, v2: tuple[str, ...] = TWO[:1]) -> View:
    return release("a", [EVERYONE], policy=policy, facts={("v2", "fallback"): "stable"}, v2=v2)


@pytest.mark.parametrize(
    "view",
    [
        falling_back(Policy()),
        falling_back(Policy(), v2=TWO),
        falling_back(Policy(retries=Retries(attempts=2)), v2=TWO),
        falling_back(Policy(timeout_ms=900, retries=Retries(attempts=2, per_try_ms=200)), v2=TWO),
        falling_back(Policy(retries=Retries(attempts=1, on=("connect-failure", "timeout")))),
    ],
)
def test_a_fallback_that_always_comes_to_stable_is_not_complained_about(view: View) -> None:
    assert told(view) == []


def test_instances_that_are_left_out_leave_tries_for_stable() -> None:
    """So that the first requests alone end before it is asked, and silence is no matter."""
    facts: Facts = {("v2", "fallback"): "stable", ("", "outlier.errors"): 1, ("", "outlier.eject.ms"): 9000}
    few = Policy(retries=Retries(attempts=1, on=("5xx", "connect-failure")))
    silent = Policy(timeout_ms=900, retries=Retries(attempts=2, on=("5xx", "connect-failure")))
    found = told(release("a", [EVERYONE], policy=few, facts=facts, v2=TWO))
    assert [(each.level, each.path[-1]) for each in found] == [("warning", "attempts")]
    assert told(release("a", [EVERYONE], policy=silent, facts=facts, v2=TWO)) == []


UNDERSCORE = goes_to("x", ((header("x_a", exact("1")),),), "v2")
HASHED = goes_to("x", ALWAYS, share("v2", 5000), share("v1", 5000), key=Field(Kind.HEADER, "x_id"))
TRACED = goes_to("x", ((method("GET", "TRACE"),),), "v2")
LONG = goes_to("x", ((header("x-a", exact("\\" * 1024)),),), "v2")
RESET = Policy(retries=Retries(attempts=1, on=("reset",)))
TWICE = Policy(retries=Retries(attempts=1, on=("5xx", "gateway-error")))
ALIKE = Policy(timeout_ms=9, retries=Retries(attempts=1, per_try_ms=9))


@pytest.mark.parametrize(
    ("view", "says"),
    [
        (release("a", [UNDERSCORE, EVERYONE]), "drops request headers with an underscore"),
        (release("a", [HASHED]), "drops request headers with an underscore"),
        (release("a", [TRACED, EVERYONE]), "answers it with 405"),
        (release("a", [LONG, EVERYONE]), "a token of"),
        (release("a", [EVERYONE], facts={("", "outlier.eject.ms"): 1500}), "for whole seconds"),
        (release("a", [EVERYONE], policy=RESET), "one word for both"),
        (release("a", [EVERYONE], policy=TWICE), "5xx has them all"),
        (release("a", [EVERYONE], policy=ALIKE), "as long as the whole answer"),
        (falling_back(Policy(retries=Retries(attempts=0))), "retries are switched off"),
        (falling_back(Policy(retries=Retries(attempts=2, on=("5xx",)))), "not after a connect-failure"),
        (falling_back(Policy(retries=Retries(attempts=1)), v2=TWO), "1 more attempts end among the canary's 2"),
        (falling_back(Policy(timeout_ms=900)), "a canary that is silent"),
        (falling_back(Policy(timeout_ms=900, retries=Retries(attempts=2, per_try_ms=450)), v2=TWO), "that is silent"),
        (falling_back(Policy(retries=Retries(attempts=2, on=("connect-failure",)))), "that is silent"),
        (release("a", [EVERYONE], v1=("shop.internal:80",)), "looks the name up when it starts"),
        (release("a", [EVERYONE], trustedProxies=["10.0.0.0/33"]), "is not a network"),
    ],
)
def test_values_that_nginx_would_not_take_as_meant(view: View, says: str) -> None:
    messages = [each.message for each in told(view)]
    assert len(messages) == 1
    assert says in messages[0]


def test_long_names_stay_distinct() -> None:
    views = [release("x" * 62 + end, [EVERYONE]) for end in "ab"]
    version = replace(views[0].release.versions[0], name="v1" + "z" * 60)
    views = [replace(view, release=replace(view.release, versions=(version,))) for view in views]
    labels = {label for view in views for label in NGINX.expected(view).labels.values()}
    assert len(labels) == 2
    assert all(len(label) <= 120 for label in labels)


def test_tables_for_nginx_as_the_edge_and_behind_one() -> None:
    """The lane header is overwritten for every version, and followed."""
    shares = [replace(each, request_headers=(("x-gray-lane", each.version),)) for each in STICKY[-1].split.shares]
    edge = release("edge", [goes_to("everyone", ALWAYS, *shares)])
    lane = release("behind", [goes_to("lane-v2", ((header("x-gray-lane", exact("v2")),),), "v2"), EVERYONE])
    assert findings(edge, lane) == []
    assert "proxy_set_header X-Gray-Lane $edge_drawn;" in written(edge)["default.edge.conf"]


def test_a_unique_id_is_not_a_text() -> None:
    marked = Share(version="v1", basis_points=10_000, request_headers=(("x-trace", UNIQUE_ID),))
    files = written(release("a", [goes_to("everyone", ALWAYS, marked)]))
    assert UNIQUE_ID not in "".join(files.values())
