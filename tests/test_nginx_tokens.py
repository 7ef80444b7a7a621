"""Claims at an nginx edge count only in tokens that the issuer signed, where the operator names a file of keys.

What nginx does with signed and with forged tokens is tried with nginx itself.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from graymesh.cli import run
from graymesh.commands.base import Terminal
from graymesh.compile.verify import verify
from graymesh.ir.semantics import Request
from graymesh.kit.registry import target
from graymesh.kit.target import View
from graymesh.lint import engine as lint
from tests.helpers import case_from, everything_said
from tests.nginx import engine, tokens

needs_engine = pytest.mark.skipif(
    bool(engine.missing() or engine.missing_scripts()), reason=engine.missing() or engine.missing_scripts()
)
if engine.missing() or engine.missing_scripts():
    warnings.warn("nginx or njs is not there: no token was tried with it", stacklevel=1)

ISSUER = "https://id.example.com"
SPEC = """
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop, namespace: default}
spec:
  service: {port: 8080, domains: [shop.example.com]}
  stable: v1
  versions: {v1: {endpoints: ["127.0.0.1:V1"]}, v2: {endpoints: ["127.0.0.1:V2"]}}
  jwt: {issuer: "https://id.example.com", jwks: "https://id.example.com/jwks.json", from: FROM}
  audiences: {beta: [{claims: {tier: beta}}]}
  routes: [{name: beta, audience: beta, version: v2}]
  stages: [{name: testers, weight: 0, hold: 1h}, {name: full, weight: 100}]
  targets: {nginx: {OPTIONS}}
"""
HEADER, COOKIE = "{header: Authorization}", "{cookie: token}"
KEYS = "tokenKeys: /etc/nginx/keys.json"
NGINX = target("nginx")


def spec(options: str = KEYS, source: str = HEADER, v1: int = 1, v2: int = 2) -> str:
    text = SPEC.replace("FROM", source).replace("OPTIONS", options)
    return text.replace(":V1", f":{v1}").replace(":V2", f":{v2}")


def view(text: str) -> View:
    case, problems = case_from(text)
    assert case, problems
    return case.view(NGINX.manifest)


def files(text: str) -> dict[str, str]:
    return NGINX.emit(NGINX.lower([view(text)]))


def differences(text: str, written: Mapping[str, str]) -> list[str]:
    return [
        f"{each.diagnostic.code} {each.diagnostic.message}"
        for each in verify(NGINX, [view(text)], NGINX.decode(written), "nginx")
    ]


# what is said


def test_a_token_that_nobody_verifies_is_a_warning_with_its_consequence() -> None:
    said = [each for each in everything_said([spec("")]) if "token" in each.message]
    assert [(each.code, each.level, each.span.line if each.span else 0) for each in said] == [("GM308", "warning", 10)]
    assert "anybody can write one with such a claim, and choose v2 by it" in said[0].message
    assert [each for each in everything_said([spec()]) if "token" in each.message] == []


def test_keys_without_an_issuer_are_an_error() -> None:
    text = "\n".join(line for line in spec().splitlines() if not line.startswith("  jwt:"))
    case, _ = case_from(text)
    assert case
    said = [each for each in lint.run([case], select=["GM308"]) if each.level == "error"]
    assert ["tokenKeys without spec.jwt" in each.message for each in said] == [True]


@pytest.mark.parametrize("source", [HEADER, COOKIE])
def test_what_is_written_is_read_back(source: str) -> None:
    text = spec(source=source)
    said = NGINX.decode(files(text)).statements[0].settings
    assert said["", "jwt.keys"] == "/etc/nginx/keys.json"
    assert said["", "jwt.issuer"] == ISSUER
    assert differences(text, files(text)) == []
    assert ("", "jwt.keys") not in NGINX.decode(files(spec(""))).statements[0].settings


BENT = {
    "the unverified claims are asked": ("default.shop.conf", "map $gm_verified", "map $gm_claims"),
    "nothing has the token verified": ("default.shop.conf", "    set $gm_checked $gm_check;\n", ""),
    "another function": ("00-graymesh.conf", "graymesh.verify", "graymesh.claims"),
    "other keys": ("00-graymesh.conf", "/etc/nginx/keys.json", "/tmp/keys.json"),
    "another issuer": ("default.shop.conf", ISSUER, "https://elsewhere"),
    "no issuer": ("default.shop.conf", f"set $gm_issuer {ISSUER}", 'set $gm_issuer ""'),
    "keys that nobody loads": ("default.shop.conf", "set $gm_keys gm_keys_", "set $gm_keys gm_other_"),
    "the keys come too late": (
        "default.shop.conf",
        f"    set $gm_issuer {ISSUER};\n    set $gm_checked $gm_check;\n",
        f"    set $gm_checked $gm_check;\n    set $gm_issuer {ISSUER};\n",
    ),
    "claims are read before": (
        "default.shop.conf", "    set $gm_checked", "    set $early $shop_version;\n    set $gm_checked"
    ),
    "a start value": ("00-graymesh.conf", "js_var $gm_verified;", 'js_var $gm_verified "tier=beta\\n";'),
    "another program": ("graymesh.js", "now <= values.exp + LATE_SECONDS", "true"),
    "no variable": ("00-graymesh.conf", "js_var $gm_verified;\n", ""),
}  # fmt: skip


@pytest.mark.parametrize("bent", BENT)
def test_whatever_takes_the_verification_away_is_found(bent: str) -> None:
    file, old, new = BENT[bent]
    written = files(spec())
    assert old in written[file]
    js_set = "js_set $gm_claims graymesh.claims;\n" if "unverified" in bent else ""
    found = {**written, file: written[file].replace(old, new)}
    found["00-graymesh.conf"] += js_set
    assert differences(spec(), found)


def test_releases_with_and_without_keys_stand_side_by_side() -> None:
    other = spec("").replace("name: shop,", "name: cart,").replace("shop.example.com", "cart.example.com")
    views = [view(spec()), view(other)]
    written = NGINX.emit(NGINX.lower(views))
    assert [each.diagnostic.message for each in verify(NGINX, views, NGINX.decode(written), "nginx")] == []
    assert "map $gm_claims $cart_beta" in written["default.cart.conf"]
    assert "map $gm_verified $shop_beta" in written["default.shop.conf"]


def trends(old: str, new: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What a change of the spec does to whom tokens are believed from."""
    for name, text in (("old", old), ("new", new)):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "shop.yaml").write_text(text)
    run(["diff", str(tmp_path / "old"), str(tmp_path / "new"), "--format", "json"], Terminal())
    changes = json.loads(capsys.readouterr().out)["releases"][0]["changes"]
    return {change["what"]: change["trend"] for change in changes if change["what"].startswith("jwt.")}


NO_CLAIMS = spec("").replace("claims: {tier: beta}", 'cookies: {tier: "beta"}')


def test_diff_calls_the_loss_of_keys_a_loss_and_no_belief_stricter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trends(spec(), spec(""), tmp_path / "1", capsys)["jwt.keys"] == "removed"
    assert trends(spec(""), spec(), tmp_path / "2", capsys)["jwt.keys"] == "added"
    assert trends(NO_CLAIMS, spec(""), tmp_path / "3", capsys) == {"jwt.from": "added"}
    assert trends(NO_CLAIMS, spec(), tmp_path / "4", capsys)["jwt.keys"] == "added"


# what nginx does


@pytest.fixture(scope="module", params=[HEADER, COOKIE], ids=["header", "cookie"])
def nginx(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, bool]]:
    """An nginx with keys, its port, and whether it takes tokens from a cookie."""
    prefix = tmp_path_factory.mktemp("nginx")
    keys = prefix / "keys.json"
    weak = [{"kty": "oct", "kid": "weak", "k": ""}, {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}, {"kty": "?"}]
    keys.write_text(json.dumps({"keys": [*weak, *tokens.key_set()["keys"]]}))
    backends = {"v1": engine.free_port(), "v2": engine.free_port()}
    text = spec(f"tokenKeys: {keys}", request.param, backends["v1"], backends["v2"])
    assert "[" not in engine.checked(prefix, files(text))[0]
    with engine.running(prefix, files(text), backends) as port:
        yield port, request.param == COOKIE


GOOD: dict[str, Any] = {"tier": "beta", "iss": ISSUER}


def bearing(token: str, in_cookie: bool) -> Request:
    if in_cookie:
        return Request(cookies=(("token", token),))
    return Request(headers=(("Authorization", f"Bearer {token}"),))


def now(**claims: Any) -> dict[str, Any]:
    return {**GOOD, "exp": time.time() + 600, **claims}


def right() -> dict[str, str]:
    return {
        **{alg: tokens.token(now(), alg) for alg in ("HS256", "RS256", "ES256")},
        "by its key": tokens.token(now(), "RS256", kid="rsa"),
        "without an end": tokens.token(GOOD, "ES256"),
        "just ended": tokens.token(now(exp=time.time() - 20), "RS256"),
        "begun": tokens.token(now(nbf=time.time() - 600), "HS256"),
        "one of several": tokens.token(now(tier=["gold", "beta"]), "RS256"),
    }


def wrong() -> dict[str, str]:
    public = tokens.encoded(tokens.modulus().to_bytes(256, "big")).encode()
    head, payload, signature = tokens.token(now(tier="gold"), "RS256").split(".")
    claims = tokens.encoded(json.dumps(now()).encode())
    return {
        **{f"{alg}, another key": tokens.token(now(), alg, forged=True) for alg in ("HS256", "RS256", "ES256")},
        **{f"alg {alg}": tokens.token(now(), alg) for alg in ("none", "None", "HS512", "constructor", "__proto__")},
        "an algorithm that is no text": tokens.token(now(), 5),
        "no signature": tokens.token(now(), "HS256").rpartition(".")[0] + ".",
        "a public key as a secret": tokens.token(now(), "HS256", secret=public),
        "its bytes as a secret": tokens.token(now(), "HS256", secret=tokens.modulus().to_bytes(256, "big")),
        "an empty secret": tokens.token(now(), "HS256", secret=b"", kid="weak"),
        "ended": tokens.token(now(exp=time.time() - 600), "RS256"),
        "ended in words": tokens.token(now(exp="never"), "RS256"),
        "not begun": tokens.token(now(nbf=time.time() + 600), "ES256"),
        "another issuer": tokens.token(now(iss="https://elsewhere"), "RS256"),
        "no issuer": tokens.token({"tier": "beta"}, "RS256"),
        "another key's name": tokens.token(now(), "RS256", kid="curve"),
        "what must be understood": tokens.token(now(), "RS256", crit=["b64"], b64=False),
        "other claims": f"{head}.{claims}.{signature}",
        "a signature cut short": tokens.token(now(), "ES256")[:-4],
        "claims in a list": tokens.token([now()], "RS256"),  # type: ignore[arg-type]
        "of two parts": f"{head}.{payload}",
        "nothing": "",
    }


@needs_engine
@pytest.mark.parametrize("name", right())
def test_signed_tokens_choose_the_canary(nginx: tuple[int, bool], name: str) -> None:
    port, in_cookie = nginx
    answer = engine.ask(port, [bearing(right()[name], in_cookie)], "shop.example.com")[0]
    assert (answer.status, answer.version) == (200, "v2")


@needs_engine
@pytest.mark.parametrize("name", wrong())
def test_forged_tokens_do_not(nginx: tuple[int, bool], name: str) -> None:
    port, in_cookie = nginx
    answer = engine.ask(port, [bearing(wrong()[name], in_cookie)], "shop.example.com")[0]
    assert (answer.status, answer.version) == (200, "v1")


@needs_engine
def test_no_request_sees_the_claims_of_another(nginx: tuple[int, bool]) -> None:
    port, in_cookie = nginx
    good, bad = (bearing(each, in_cookie) for each in (right()["RS256"], wrong()["RS256, another key"]))
    found = engine.ask(port, [good, bad, Request(), good, Request(), bad] * 20, "shop.example.com")
    assert [each.version for each in found] == ["v2", "v1", "v1", "v2", "v1", "v1"] * 20
