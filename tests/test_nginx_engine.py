"""nginx itself agrees: it takes the files without a word, and answers as the reference and the decoder say.

Skipped, with a warning, where nginx is not installed. Everything runs on loopback, below a temporary folder.
"""

from __future__ import annotations

import random
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from graymesh.ir.release import ALWAYS, Field, Kind, Policy, Retries, RouteTable, Share
from graymesh.ir.semantics import Decision, Request, decide, inside
from graymesh.ir.tickets import bucket_of
from graymesh.kit.target import View
from graymesh.proof.equivalence import corpus
from tests.nginx import engine, strange
from tests.nginx.releases import (
    EVERYONE,
    NGINX,
    VIEWS,
    exact,
    goes_to,
    header,
    release,
    share,
    thousand,
    written,
)
from tests.test_nginx import HOSTILE
from tests.test_nginx_reading import CASES
from tests.test_nginx_reading import DATA as READ

if engine.missing():
    warnings.warn(f"{engine.missing()}: nothing here was tried with nginx", stacklevel=1)
pytestmark = pytest.mark.skipif(bool(engine.missing()), reason=engine.missing())
needs_scripts = pytest.mark.skipif(bool(engine.missing_scripts()), reason=engine.missing_scripts())

NOT_FORWARDED = ("CONNECT", "TRACE", "HEAD")
"""Methods that nginx answers itself, and the one whose answer has no body to look at."""


def ports() -> dict[str, int]:
    """Ports for the backends of one nginx; two at a time cannot share them."""
    return {backend: engine.free_port() for backend in ("v1", "v2", "v3", "bad")}


def local(view: View, backends: dict[str, int]) -> View:
    """The same release with backends of ours, and without limits, since it is asked in a hurry."""
    versions = tuple(replace(each, endpoints=(f"127.0.0.1:{backends[each.name]}",)) for each in view.release.versions)
    facts = {key: value for key, value in view.facts.items() if key[1] not in ("limits.qps", "endpoints")}
    return replace(view, release=replace(view.release, versions=versions), facts=facts)


PORTS = ports()
LOCAL = [local(view, PORTS) for view in VIEWS]
PLAIN = [view for view in LOCAL if not re.search("claim", view.release.name)]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """nginx with all releases at once; without those that need njs where it is not installed."""
    views = PLAIN if engine.missing_scripts() else LOCAL
    with engine.running(tmp_path_factory.mktemp("nginx"), written(*views), PORTS) as port:
        yield port


def of(name: str) -> View:
    return next(view for view in LOCAL if view.release.name == name)


def host_of(view: View) -> str:
    return view.tables[0].hosts[0]


def ask(port: int, view: View, *requests: Request) -> list[engine.Answer]:
    return engine.ask(port, [replace(each, host=host_of(view)) for each in requests])


def versions(decision: Decision) -> set[str]:
    return {share.version for share in decision.shares if share.basis_points}


def requests_for(*tables: RouteTable, host: str) -> list[Request]:
    found = (replace(request, host=host) for request in corpus(*tables))
    return list(dict.fromkeys(request for request in found if request.method not in NOT_FORWARDED))


def test_nginx_takes_every_release_without_a_word(tmp_path: Path) -> None:
    views = PLAIN if engine.missing_scripts() else LOCAL
    for number, view in enumerate(views):
        assert engine.checked(tmp_path / str(number), written(view))[0] == "", view.release.name
    assert engine.checked(tmp_path / "all", written(*views))[0] == ""


@pytest.mark.parametrize("name", [view.release.name for view in VIEWS if "claim" not in view.release.name])
def test_nginx_decides_as_the_reference_does(name: str, served: int) -> None:
    agrees(name, served)


@needs_scripts
@pytest.mark.parametrize("name", [view.release.name for view in VIEWS if "claim" in view.release.name])
def test_nginx_reads_claims_as_the_reference_does(name: str, served: int) -> None:
    agrees(name, served)


def agrees(name: str, port: int) -> None:
    view = of(name)
    table = view.tables[0].table
    for request in requests_for(table, host=host_of(view)):
        (answer,) = engine.ask(port, [request])
        assert answer.status == 200, (request, answer)
        assert answer.version in versions(decide(table, request)), request


def test_any_pair_of_several_cookies(served: int) -> None:
    view = of("cookie-exact")
    for cookies in ((("beta", "0"), ("beta", "1")), (("beta", "1"), ("beta", "0")), (("x", "beta=1"), ("beta", "1"))):
        assert ask(served, view, Request(cookies=cookies))[0].version == "v2"
    for cookies in ((("Beta", "1"),), (("alphabeta", "1"),), (("x", "beta=1"),), (("beta", "11"),)):
        assert ask(served, view, Request(cookies=cookies))[0].version == "v1"
    spaced = b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nCookie: a=b;beta=1  ;c=d\r\n\r\n"
    assert engine.ask_raw(served, spaced % host_of(view).encode()).version == "v2"
    two = b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nCookie: a=b\r\nCookie: beta=1\r\n\r\n"
    assert engine.ask_raw(served, two % host_of(view).encode()).version == "v2"


def test_paths_are_matched_as_nginx_normalises_them_and_passed_on_as_they_came(served: int) -> None:
    view = of("paths")
    for target, version in {
        "//api///v3/x": "v2",
        "/api/./v3": "v2",
        "/x/../api/v3?a=/b": "v2",
        "/api/v30": "v1",
        "/%61pi/v3": "v2",
    }.items():
        raw = f"GET {target} HTTP/1.1\r\nHost: {host_of(view)}\r\nConnection: close\r\n\r\n".encode()
        answer = engine.ask_raw(served, raw)
        assert (answer.version, answer.target) == (version, target)


def test_marks_reach_upstreams_and_clients(served: int) -> None:
    view = of("marks")
    asked = Request(headers=(("X-Gray-Version", "v2"), ("X-Gray-Lane", "forged"), ("X-Gray-Trace", "mine")))
    first, second = ask(served, view, asked, asked)
    assert first.lane == "v2"
    assert re.fullmatch("[0-9a-f]{32}", first.trace)
    assert first.trace != second.trace
    assert first.every("x-gray-notice") == ['you pay $5; "try" it\\']
    (usual,) = ask(served, view, Request(headers=(("X-Gray-Lane", "v2"), ("X-Gray-Trace", "mine"))))
    assert (usual.version, usual.lane, usual.trace) == ("v1", "v1", "mine")
    assert usual.every("x-gray-notice") == []
    assert usual.host == host_of(view)


def test_headers_of_upstreams_are_overwritten_or_left_alone(tmp_path: Path) -> None:
    more = dict.fromkeys(("v1", "v2"), "add_header X-Gray-Notice theirs always; add_header Set-Cookie a=b always;")
    backends = ports()
    views = [local(of("marks"), backends), local(of("sticky"), backends)]
    with engine.running(tmp_path, written(*views), backends, more) as port:
        (ours,) = ask(port, views[0], Request(headers=(("X-Gray-Version", "v2"),)))
        (theirs,) = ask(port, views[0], Request())
        (minted,) = ask(port, views[1], Request())
    assert ours.every("x-gray-notice") == ['you pay $5; "try" it\\']
    assert theirs.every("x-gray-notice") == ["theirs"]
    assert sorted(each.partition("=")[0] for each in minted.every("set-cookie")) == ["a", "gray-ticket"]


def test_the_ticket_is_given_once_and_kept(served: int) -> None:
    view = of("sticky")
    owners = {share.version: share.buckets for share in view.tables[0].table.routes[-1].split.shares}
    for _ in range(40):
        (drawn,) = ask(served, view, Request())
        (given,) = drawn.every("set-cookie")
        pair, *attributes = given.split("; ")
        assert attributes == ["Path=/", "Max-Age=2592000", "HttpOnly", "SameSite=Lax"]
        ticket = pair.removeprefix("gray-ticket=")
        bucket = bucket_of(ticket)
        assert bucket is not None
        assert inside(bucket, owners[drawn.version])
        (again,) = ask(served, view, Request(cookies=(("gray-ticket", ticket),)))
        assert (again.version, again.every("set-cookie")) == (drawn.version, [])
    for unknown in ("0499", "000003f", "x00003ff", "000003FF", ""):
        (drawn,) = ask(served, view, Request(cookies=(("gray-ticket", unknown),)))
        assert len(drawn.every("set-cookie")) == 1


def murmur2(data: bytes) -> int:
    """MurmurHash2 of 32 bits with seed 0, as nginx computes it (`ngx_murmur_hash2`)."""
    multiplier, mask = 0x5BD1E995, 0xFFFFFFFF
    result = len(data)
    while len(data) >= 4:
        part = int.from_bytes(data[:4], "little") * multiplier & mask
        part = (part ^ part >> 24) * multiplier & mask
        result = (result * multiplier & mask) ^ part
        data = data[4:]
    if data:
        result = (result ^ int.from_bytes(data, "little")) * multiplier & mask
    result = (result ^ result >> 13) * multiplier & mask
    return result ^ result >> 15


def predicted(shares: tuple[Share, ...], key: str) -> str:
    """The version of a key: each digit of its bucket by a hash of its own, cut into sixteen parts.

    Parts are rounded down, and the last has the rest.
    """
    part = 625 * 0xFFFFFFFF // 10_000
    digits = (min(murmur2(f"{number}:{key}".encode()) // part, 15) for number in range(1, 5))
    bucket = int("".join(f"{digit:x}" for digit in digits), 16)
    return next(share.version for share in shares if inside(bucket, share.buckets))


@pytest.mark.parametrize("name", ["keyed", "keyed-header", "keyed-query"])
def test_the_version_of_an_identity_is_predicted(name: str, served: int) -> None:
    """A ticket says nothing beside a key, and whoever has a key is given none."""
    view = of(name)
    split = view.tables[0].table.routes[0].split
    assert split.key is not None
    seen = set()
    for number in range(120):
        request = carrying(split.key, f"user-{number}")
        ticketed = replace(request, cookies=(*request.cookies, ("gray-ticket", f"0000{number % 2 * 0x8000:04x}")))
        for each in (request, ticketed):
            (answer,) = ask(served, view, each)
            assert answer.version == predicted(split.shares, f"user-{number}")
            assert answer.every("set-cookie") == []
        seen.add(answer.version)
    assert seen == {"v1", "v2"}


def carrying(field: Field, value: str) -> Request:
    pairs = ((field.name, value),)
    match field.kind:
        case Kind.COOKIE:
            return Request(cookies=pairs)
        case Kind.HEADER:
            return Request(headers=pairs)
    return Request(query=pairs)


@pytest.mark.parametrize("name", ["keyed", "keyed-header", "keyed-query", "random"])
def test_requests_without_an_identity_are_drawn_by_chance(name: str, served: int) -> None:
    """An empty key would send them all to the first part, which is the canary's."""
    counted = Counter(answer.version for answer in ask(served, of(name), *[Request()] * 120))
    assert counted["v1"] > 90


def test_names_that_no_release_has_are_answered_with_404(served: int) -> None:
    assert engine.ask(served, [Request(host="nobody.example.com")])[0].status == 404
    assert engine.ask(served, [Request(host="PLAIN.example.com:80")])[0].status == 200


@needs_scripts
def test_tokens_that_are_none_have_no_claims(served: int) -> None:
    view = of("claims")
    tokens = ["", "x", "a.b.c", "..", engine.token({"tier": ["alpha"]}), engine.token({"tier": "beta\ngroup=x"})]
    for token in tokens:
        assert ask(served, view, Request(headers=(("Authorization", f"Bearer {token}"),)))[0].version == "v1"
    for tier in ("beta", ["alpha", "beta"]):
        fine = Request(headers=(("Authorization", f"bearer {engine.token({'tier': tier, 'n': 1})}"),))
        assert ask(served, view, fine)[0].version == "v2"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_values_arrive_as_they_are(text: str, tmp_path: Path) -> None:
    marked = Share(version="v2", basis_points=10_000, response_headers=(("x-notice", text),))
    backends = ports()
    routes = [goes_to("asked", ((header("x-asked", exact(text)),),), marked), EVERYONE]
    view = local(release("hostile", routes), backends)
    assert engine.checked(tmp_path / "check", written(view))[0] == ""
    with engine.running(tmp_path, written(view), backends) as port:
        hit, other = ask(port, view, Request(headers=(("X-Asked", text),)), Request(headers=(("X-Asked", text + "x"),)))
    assert (hit.version, hit.every("x-notice")) == ("v2", [text])
    assert (other.version, other.every("x-notice")) == ("v1", [])


def test_limits_hold_for_one_version(tmp_path: Path) -> None:
    asked = goes_to("asked", ((header("x-gray-version", exact("v2")),),), "v2")
    backends = ports()
    view = replace(local(release("limits", [asked, EVERYONE]), backends), facts={("v2", "limits.qps"): 2})
    with engine.running(tmp_path, written(view), backends) as port:
        limited = ask(port, view, *[Request(headers=(("X-Gray-Version", "v2"),))] * 6)
        free = ask(port, view, *[Request()] * 6)
    assert [answer.status for answer in limited[:2]] == [200, 200]
    assert 429 in [answer.status for answer in limited]
    assert {answer.status for answer in free} == {200}


def test_a_failed_try_goes_to_the_next_server(tmp_path: Path) -> None:
    policy = Policy(timeout_ms=5000, retries=Retries(attempts=1, on=("5xx", "connect-failure")))
    backends = ports()
    both = tuple(f"127.0.0.1:{backends[name]}" for name in ("bad", "v1"))
    view = release("tried", [EVERYONE], policy=policy, v1=both)
    never = release("never", [EVERYONE], policy=Policy(retries=Retries(attempts=0)), v1=both)
    with engine.running(tmp_path, written(view, never), backends, {"bad": "fails"}) as port:
        assert {answer.version for answer in ask(port, view, *[Request()] * 4)} == {"v1"}
        assert {answer.version for answer in ask(port, never, *[Request()] * 4)} == {"bad", "v1"}


@pytest.mark.parametrize("length", [8, 30, 31, 46, 47, 100, 110])
@pytest.mark.parametrize("count", [1, 32, 33, 120, 256, 257])
def test_nginx_finds_room_for_names_of_any_length(count: int, length: int, tmp_path: Path) -> None:
    """Lengths around those at which one name less fits into a bucket."""
    rest = ".".join(["x" * 50, "x" * 50])[: length - 4].strip(".")
    hosts = tuple(f"{number:03}.{rest}" for number in range(count))
    view = release("names", [goes_to("everyone", ALWAYS, share("v1", 10000))])
    view = replace(view, tables=tuple(replace(table, hosts=hosts) for table in view.tables))
    assert engine.checked(tmp_path, written(view))[0] == ""


def test_nginx_takes_a_thousand_releases_without_a_word(tmp_path: Path) -> None:
    """How long it takes is for `make bench` to say."""
    assert engine.checked(tmp_path, written(*thousand()))[0] == ""


UNDERSTOOD = ["map-exact-keys-ignore-case", "map-regexes-in-order", "cookie-in-the-cookie-header", "geo-longest-prefix"]
UNDERSTOOD += ["locations-in-their-order", "several-fields", "variables-set", "locations-that-redirect"]
UNDERSTOOD += ["words-in-one-text"]


@pytest.mark.parametrize("case", UNDERSTOOD)
def test_nginx_reads_files_of_others_as_the_decoder_does(case: str, tmp_path: Path) -> None:
    """Every address becomes a backend of this test; requests are those that the decoded tables tell apart."""
    assert case in CASES
    text = (READ / case / "nginx.conf").read_text(encoding="utf-8")
    names = sorted(set(re.findall(r"(?:[0-9]+(?:\.[0-9]+){3}|[a-z]+\.internal):[0-9]+", re.sub("listen.*", "", text))))
    backends = {name: engine.free_port() for name in names}
    for name, port in backends.items():
        text = re.sub(rf"(?<![0-9a-z.]){re.escape(name)}(?![0-9])", f"127.0.0.1:{port}", text)
    text = re.sub(r"listen +[^;]+;", "listen 80;", text.replace("    listen [::]:80;\n", "")).replace(
        "10.1.0.0/16", "127.0.0.0/8"
    )
    services = NGINX.decode({"nginx.conf": text}).statements
    addresses = {f"127.0.0.1:{port}": name for name, port in backends.items()}
    assert services
    with engine.running(tmp_path, {"stranger.conf": text}, backends) as port:
        for service in services:
            for request in requests_for(service.decision, host=service.hosts[0]):
                (answer,) = engine.ask(port, [request])
                chosen = set(versions(decide(service.decision, request)))
                if chosen == {f"answer {answer.status}"}:
                    continue
                known = {service.settings.get((version, "endpoints"), (version,)) for version in chosen}
                expected = {addresses[str(each)] for group in known if isinstance(group, tuple) for each in group}
                assert answer.version in expected, (request, answer)


def test_files_of_strange_shapes_are_read_as_nginx_serves_them(tmp_path: Path) -> None:
    """`python -m tests.nginx.strange` makes as many as one likes."""
    rng, counts = random.Random(3), Counter[str]()
    while counts["files of which something is understood"] < 8:
        folder = tmp_path / str(sum(counts.values()))
        folder.mkdir()
        assert list(strange.disagreements(rng, folder, counts)) == []
    assert counts["requests"] > 20
