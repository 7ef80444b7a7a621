"""nginx: gRPC and TLS are read back by nginx's rules, and what is changed by hand in them is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from graymesh.compile.verify import verify
from graymesh.kit.registry import target
from graymesh.kit.target import Decoded, View
from tests.helpers import case_from

NGINX: Final = target("nginx")
CASES: Final = Path(__file__).parent / "cases"


def _view(case: str, before: str = "", after: str = "") -> View:
    text = (CASES / case / "spec.yaml").read_text("utf-8")
    assert before in text
    found, findings = case_from(text.replace(before, after, 1) if before else text)
    assert found, findings
    return found.view(NGINX.manifest)


def _codes(view: View, files: dict[str, str]) -> set[str]:
    return {each.diagnostic.code for each in verify(NGINX, [view], NGINX.decode(files), "nginx")}


MUTATIONS: Final = [
    ("tls-at-nginx", "without TLS", "8443 ssl http2", "8443", "GM903"),
    ("tls-at-nginx", "without HTTP/2", "ssl http2", "ssl", "GM903"),
    ("tls-at-nginx", "port", "8443 ssl", "9443 ssl", "GM903"),
    ("tls-at-nginx", "another certificate", "shop.example.com.crt", "old.example.com.crt", "GM903"),
    ("tls-at-nginx", "no certificate", "    ssl_certificate /etc/nginx/tls/shop.example.com.crt;\n", "", "GM903"),
    ("tls-at-nginx", "another key", "shop.example.com.key", "old.example.com.key", "GM903"),
    ("tls-at-nginx", "no handshakes", "location / {", "ssl_reject_handshake on; location / {", "GM905"),
    ("streams", "kept back", "proxy_buffering off;", "proxy_buffering on;", "GM903"),
    ("streams", "kept back by default", "        proxy_buffering off;\n", "", "GM903"),
    ("streams", "pauses end it", "timeout 24h", "timeout 60s", "GM903"),
    ("streams", "only one side may pause", "proxy_send_timeout 24h;", "", "GM905"),
    (
        "streams",
        "nginx's own pauses",
        "        proxy_send_timeout 24h;\n        proxy_read_timeout 24h;\n",
        "",
        "GM903",
    ),
    ("grpc-at-nginx", "HTTP/1", "grpc_pass grpc://", "proxy_pass http://", "GM905"),
    ("grpc-at-nginx", "TLS to versions", "grpc_pass grpc://", "grpc_pass grpcs://", "GM905"),
    ("grpc-at-nginx", "a fixed version", "default.greeter.$greeter_version", "default.greeter.v1", "GM905"),
    ("grpc-at-nginx", "the other module's trace", "grpc_set_header X-Gray-T", "proxy_set_header X-Gray-T", "GM901"),
    ("grpc-at-nginx", "the other module's hiding", "grpc_hide_header", "proxy_hide_header", "GM905"),
    ("grpc-at-nginx", "the other module's host", "grpc_set_header Host", "proxy_set_header Host", "GM903"),
    ("grpc-at-nginx", "reading", "grpc_read_timeout 20s", "grpc_read_timeout 21s", "GM905"),
    ("grpc-at-nginx", "all tries", "grpc_next_upstream_timeout 20s", "grpc_next_upstream_timeout 30s", "GM901"),
    ("grpc-at-nginx", "tries", "grpc_next_upstream_tries 2", "grpc_next_upstream_tries 3", "GM901"),
    ("grpc-at-nginx", "passed on twice", "limit_req_status", "proxy_pass http://a; limit_req_status", "GM905"),
    ("grpc-at-nginx", "body", "client_max_body_size 0;", "client_max_body_size 1m;", "GM903"),
    ("grpc-at-nginx", "a timeout of the other module", "location / {", "location / { proxy_read_timeout 9s;", ""),
]


@pytest.mark.parametrize(
    ("case", "kind", "before", "after", "code"), MUTATIONS, ids=[f"{each[0]}: {each[1]}" for each in MUTATIONS]
)
def test_changes_by_hand_are_found(case: str, kind: str, before: str, after: str, code: str) -> None:
    view = _view(case)
    files = NGINX.emit(NGINX.lower([view]))
    assert not _codes(view, files)
    changed = {path: text.replace(before, after) for path, text in files.items()}
    assert changed != files, "the mutation does not apply any more"
    found = _codes(view, changed)
    assert code in found if code else not found, kind


def _read(text: str) -> Decoded:
    return NGINX.decode({"nginx.conf": text})


def _settings(text: str) -> dict[str, Any]:
    (statement,) = _read(text).statements
    return {name: value for (_, name), value in statement.settings.items()}


def test_who_says_tls_at_an_address_says_it_for_all() -> None:
    """The manual of `listen`: the parameter is the socket's. Here the server for nobody has it alone."""
    found = _settings(
        """upstream v1 { server 10.0.0.1:80 max_fails=0; }
        server { listen 443 ssl; server_name _; return 404; }
        server { listen 443; server_name a.example.com; ssl_certificate a.crt; ssl_certificate_key a.key;
                 location / { proxy_pass http://v1; } }"""
    )
    assert found["listen"] == ("*:443 ssl",)
    assert (found["tls.certificate"], found["tls.key"]) == ("a.crt", "a.key")


def test_a_certificate_of_all_servers_and_the_newer_word_for_http_2() -> None:
    found = _settings(
        """ssl_certificate a.crt; ssl_certificate_key a.key; upstream v1 { server 10.0.0.1:80 max_fails=0; }
        server { listen 443 ssl; http2 on; server_name a.example.com; location / { proxy_pass http://v1; } }"""
    )
    assert found["listen"] == ("*:443 ssl http2",)
    assert found["tls.certificate"] == "a.crt"


def test_a_certificate_without_tls_says_nothing() -> None:
    found = _settings(
        """upstream v1 { server 10.0.0.1:80 max_fails=0; }
        server { listen 80; server_name a.example.com; ssl_certificate a.crt; location / { proxy_pass http://v1; } }"""
    )
    assert found["listen"] == ("*:80",)
    assert "tls.certificate" not in found


GRPC: Final = """upstream v1 { server 10.0.0.1:80 max_fails=0; }
upstream v2 { server 10.0.0.2:80 max_fails=0; }
%s
server { listen 443 ssl http2; server_name a.example.com; %s
         location / { %s grpc_pass grpc://v1; } %s }"""


def test_each_module_takes_its_own_words_from_the_levels_around() -> None:
    around = "grpc_set_header X-Lane grpc; proxy_set_header X-Lane http;"
    (statement,) = _read(GRPC % (around, "", "", "")).statements
    assert statement.decision.routes[0].split.shares[0].request_headers == (("x-lane", "grpc"),)


def test_a_server_of_both_modules_is_not_decided() -> None:
    found = _read(GRPC % ("", "", "", "location /b { proxy_pass http://v2; }"))
    assert not found.statements
    assert "something else about protocol.grpc" in found.refusals[0].message


def test_refusals_name_the_directive_that_stands_there() -> None:
    found = _read(GRPC % ("", "", "grpc_read_timeout 1s 2s;", ""))
    assert found.refusals[0].field == "grpc_read_timeout"


def test_a_folder_of_grpc_is_redirected_to_as_any_other() -> None:
    """The manual of `location`: a path that ends in a slash, passed on by grpc_pass, is redirected to without it."""
    (statement,) = _read(GRPC % ("", "", "", "location /b/ { grpc_pass grpc://v2; }")).statements
    assert "answer 301" in {share.version for route in statement.decision.routes for share in route.split.shares}


AROUND: Final = """add_header Strict-Transport-Security "max-age=1" always; add_header X-Frame-Options DENY always;
proxy_set_header Host $host; proxy_set_header X-Tenant shop;
"""


def test_headers_of_the_levels_around_that_are_lost_are_told() -> None:
    """The manual of `add_header`: inherited if and only if there are none on the current level."""
    view = _view("websockets")
    files = NGINX.emit(NGINX.lower([view]))
    shown = {path: AROUND * (path == "00-graymesh.conf") + text for path, text in files.items()}
    told = [each.diagnostic for each in verify(NGINX, [view], NGINX.decode(shown), "nginx")]
    assert [each.code for each in told] == ["GM903"]
    assert "add_header strict-transport-security" in told[0].message
    assert "add_header x-frame-options" in told[0].message
    assert "proxy_set_header x-tenant" in told[0].message
    assert "host" not in told[0].message


def test_headers_around_that_reach_or_are_set_anew_are_not_lost() -> None:
    server = "server { listen 80; server_name a.example.com; %s location / { %s proxy_pass http://v1; } }"
    head = "upstream v1 { server 10.0.0.1:80 max_fails=0; }\n"
    hidden = "proxy_hide_header X-A; "
    assert "headers.lost" not in _settings(head + hidden + server % ("add_header X-A b always;", ""))
    anew = server % ("add_header X-A b always;", "add_header x-a c always;")
    assert "headers.lost" not in _settings(head + hidden + anew)
    other = server % ("add_header X-B b always;", "add_header x-a c always;")
    assert _settings(head + hidden + other)["headers.lost"] == ("add_header x-b",)


def test_locations_that_lose_different_headers_are_decided() -> None:
    found = _settings(
        """upstream v1 { server 10.0.0.1:80 max_fails=0; } upstream v2 { server 10.0.0.2:80 max_fails=0; }
        server { listen 80; server_name a.example.com; proxy_hide_header X-A; add_header X-A b always;
                 location / { proxy_pass http://v1; }
                 location /b { add_header Set-Cookie "c=0001; Path=/; HttpOnly; SameSite=Lax" always;
                               proxy_pass http://v2; } }"""
    )
    assert found["headers.lost"] == ("add_header x-a",)


CERTIFICATE: Final = "      tlsCertificate: /etc/nginx/tls/grpc.example.com.crt\n"
KEY: Final = "      tlsKey: /etc/nginx/tls/grpc.example.com.key\n"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (KEY, "", "tlsCertificate without tlsKey"),
        (CERTIFICATE, "", "tlsKey without tlsCertificate"),
        (CERTIFICATE + KEY, "", "clients speak gRPC over HTTP/2"),
        (KEY, KEY + "      tlsListen: 80\n", "80 is the port for TLS, and the one without TLS as well"),
    ],
)
def test_what_nginx_cannot_serve_is_refused(before: str, after: str, said: str) -> None:
    found = [each.message for each in NGINX.check(_view("grpc-at-nginx", before, after)) if each.level == "error"]
    assert any(message.startswith(said) for message in found), found


def test_a_path_is_no_place_for_more_directives() -> None:
    text = (CASES / "grpc-at-nginx" / "spec.yaml").read_text("utf-8")
    for path in ("a.crt; return 200", "a$host", "a b", 'a"b', "a}"):
        _, findings = case_from(text.replace("/etc/nginx/tls/grpc.example.com.crt", f"'{path}'"))
        assert "GM115" in {each.code for each in findings} or findings, path


def test_releases_with_and_without_tls_stand_beside_each_other() -> None:
    secure, plain = _view("tls-at-nginx"), _view("websockets")
    plain = replace(plain, options={**plain.options, "tlsListen": 8443})
    files = NGINX.emit(NGINX.lower([secure, plain]))
    shared = files["00-graymesh.conf"]
    assert shared.count("server_name _;") == 2
    assert shared.count("ssl_reject_handshake on;") == 1
    assert not [each.diagnostic for each in verify(NGINX, [secure, plain], NGINX.decode(files), "nginx")]


def test_headers_of_grpc_that_are_lost_are_told_by_their_own_name() -> None:
    found = _settings((GRPC % ("grpc_set_header X-A b;", "", "grpc_set_header X-B c;", "")) + "proxy_set_header X-D e;")
    assert found["headers.lost"] == ("grpc_set_header x-a",)
