"""Single values: what is taken, what it becomes, and what is refused by which code."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graymesh.did_you_mean import nearest, quoted, suggestion
from graymesh.language import addresses, scalars
from graymesh.language.problems import Malformed


def code(parse: Callable[[str], object], text: str) -> str:
    with pytest.raises(Malformed) as caught:
        parse(text)
    return caught.value.code


FILE_NAMES = ["../../etc/cron.d/x", "/abs", "a/../../b", "C:\\x", "\\\\srv\\x", ".", "..", "a/b", "a\x00b", "a\n", ""]
K8S_NAMES = ["Svc", "svc_", "-a", "a-", "a..b", "a b", "a" * 64, "ａ", "a\u200b", "a.b"]


@pytest.mark.parametrize("text", FILE_NAMES + K8S_NAMES)
@pytest.mark.parametrize("parse", [scalars.label, scalars.service_name])
def test_names_that_are_none(parse: Callable[[str], str], text: str) -> None:
    assert code(parse, text) in ("GM105", "GM109")


def test_only_service_names_begin_with_a_letter() -> None:
    assert scalars.label("1svc") == "1svc"
    assert code(scalars.service_name, "1svc") == "GM105"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Shop.Example.COM", "shop.example.com"),
        ("shop", "shop"),
        ("xn--shp-hoa.com", "xn--shp-hoa.com"),
        ("1.a", "1.a"),
    ],
)
def test_hosts(text: str, host: str) -> None:
    assert scalars.host(text) == host


def test_the_kelvin_sign_is_no_k() -> None:
    assert code(scalars.host, "\u212a.com") == "GM109"


@pytest.mark.parametrize("text", ["app", "app.kubernetes.io/version", "a_b.c-d", "a/B"])
def test_label_keys(text: str) -> None:
    assert scalars.label_key(text) == text


@pytest.mark.parametrize("text", ["", "/a", "a/", "A/b", "a/b/c", "-a", "a" * 64, "a" * 254 + "/b"])
def test_label_keys_that_are_none(text: str) -> None:
    assert code(scalars.label_key, text) in ("GM105", "GM116")


@pytest.mark.parametrize("text", ["X-A", "x_a", "1", "TEA", "Hostname", "X" * 64])
def test_header_names(text: str) -> None:
    assert scalars.header_name(text) == text.lower()


@pytest.mark.parametrize("text", ["X-A: b", "X A", "", "x" * 65, "HOST", "proxy-x", "te", "cookie", "X-\u0410"])
def test_header_names_that_are_none(text: str) -> None:
    assert code(scalars.header_name, text) in ("GM105", "GM109")


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20))
def test_all_visible_ascii_is_a_value(text: str) -> None:
    assert scalars.plain_text(text) == text


@given(st.characters())
def test_nothing_but_cookie_octets_is_a_cookie_value(char: str) -> None:
    octets = {*range(0x23, 0x2C), *range(0x2D, 0x3B), *range(0x3C, 0x5C), *range(0x5D, 0x7F), 0x21}
    try:
        taken = scalars.cookie_value(char) == char
    except Malformed:
        taken = False
    assert taken == (ord(char) in octets)


@given(st.characters(max_codepoint=0x17F))
def test_nothing_that_an_engine_decodes_is_in_a_path(char: str) -> None:
    try:
        taken = scalars.path(f"/a{char}b") is not None
    except Malformed:
        taken = False
    assert taken == (char.isascii() and (char.isalnum() or char in "._~!&()+,=:@-/"))


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1ms", 1),
        ("500ms", 500),
        ("30s", 30_000),
        ("5m", 300_000),
        ("2h", 7_200_000),
        ("8760h", 31_536_000_000),
        ("010s", 10_000),
    ],
)
def test_durations(text: str, milliseconds: int) -> None:
    assert scalars.duration_ms(text) == milliseconds


@pytest.mark.parametrize(
    "text", ["5", "1d", "1.5h", "0s", "99999y", "-5m", "8761h", "9" * 4000 + "h", "5 s", "5S", "٥s"]
)
def test_durations_that_are_none(text: str) -> None:
    assert code(scalars.duration_ms, text) == "GM106"


@pytest.mark.parametrize(
    ("text", "basis_points"),
    [
        ("0%", 0),
        ("1%", 100),
        ("0.01%", 1),
        ("99.95%", 9995),
        ("29%", 2900),
        ("57.7%", 5770),
        ("100%", 10_000),
        ("0100.0%", 10_000),
    ],
)
def test_percentages(text: str, basis_points: int) -> None:
    assert scalars.percentage_basis_points(text) == basis_points


@pytest.mark.parametrize("text", ["1", "%", "100.01%", "1.001%", "-0%", "1e2%", "5 %", "NaN%", "9" * 400 + "%", "٥%"])
def test_percentages_that_are_none(text: str) -> None:
    assert code(scalars.percentage_basis_points, text) == "GM106"


@pytest.mark.parametrize(("text", "basis_points"), [("0.5", 5000), ("0.99", 9900), ("0.9999", 9999), (".5", 5000)])
def test_quantiles(text: str, basis_points: int) -> None:
    assert scalars.quantile_basis_points(text) == basis_points


@pytest.mark.parametrize("text", ["0", "1", "1.0", "0.0", "0.00001", "99", "-0.5", "1e-05", "0.9_9", "", "."])
def test_quantiles_that_are_none(text: str) -> None:
    assert code(scalars.quantile_basis_points, text) == "GM106"


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.1", "10.0.0.1/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("2001:0DB8:0::/32", "2001:db8::/32"),
        ("::1", "::1/128"),
        ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
    ],
)
def test_networks(text: str, network: str) -> None:
    assert addresses.network(text) == network


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_networks_are_taken_as_they_are_or_refused_with_the_right_one(number: int, length: int) -> None:
    text = f"{ip_network(number).network_address}/{length}"
    right = str(ip_network(text, strict=False))
    try:
        assert addresses.network(text) == right == text
    except Malformed as refused:
        assert right != text
        assert refused.advice == f"write '{right}'"


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("10.0.0.1:080", "10.0.0.1:80"),
        ("127.0.0.1:65535", "127.0.0.1:65535"),
        ("[2001:0db8::1]:80", "[2001:db8::1]:80"),
        ("[::ffff:10.0.0.1]:80", "10.0.0.1:80"),
        ("Shop.Internal:80", "shop.internal:80"),
        ("223.255.255.255:1", "223.255.255.255:1"),
    ],
)
def test_endpoints(text: str, endpoint: str) -> None:
    assert addresses.endpoint(text) == endpoint


@pytest.mark.parametrize(
    "text", ["255.255.255.255:80", "239.1.1.1:80", "[::]:80", "[ff02::1]:80", "[10.0.0.1:80", "a:0x50", ":80"]
)
def test_endpoints_that_are_none(text: str) -> None:
    assert code(addresses.endpoint, text) == "GM106"


@pytest.mark.parametrize(
    "text", ["shop", "shop:v1", "registry.example.com:5000/a/b_c:v1", "a/b@sha256:" + "0" * 64, "gcr.io/a--b/c.d"]
)
def test_images(text: str) -> None:
    assert addresses.image(text) == text


@pytest.mark.parametrize("text", ["../a", "/a", "a/../b", "a//b", ".git", "a\\b", "C:/x", "~", "", ".", "a/.", "*"])
def test_folders_that_are_none(text: str) -> None:
    assert code(addresses.folder, text) == "GM106"


@pytest.mark.parametrize(
    ("word", "options", "near"),
    [
        ("retrys", ["retries", "timeout"], "retries"),
        ("per_try", ["attempts", "perTry"], "perTry"),
        ("HEADERS", ["headers", "cookies"], "headers"),
        ("x" * 100_000, ["headers"], None),
        ("", ["headers"], None),
        ("query", [], None),
    ],
)
def test_the_nearest_word(word: str, options: list[str], near: str | None) -> None:
    assert nearest(word, options) == near


def test_long_values_and_long_lists_are_cut_in_messages() -> None:
    assert quoted("a" * 61) == "'" + "a" * 60 + "…'"
    assert quoted("\x1b[31m") == "'\\x1b[31m'"
    assert suggestion("zzz", [f"name{i}" for i in range(20)]).endswith("'name11' and 8 more")
