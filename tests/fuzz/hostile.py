"""Values that have hurt somebody: numbers, texts and whole constructs that mutations put in place of what stood there."""

from __future__ import annotations

from random import Random
from typing import Final

NUMBERS: Final = (
    "0", "-0", "1", "-1", "00", "0x10", "0o7", "1e999999999", "1e-999999999", "-1e400", "1E+308", "1e15", "1e16",
    "1.0", "0.1", "1.", ".5", "5e-324", "NaN", "Infinity", "-Infinity", ".inf", ".nan", "9" * 25, "9" * 4301,
    "9" * 999, "0." + "1" * 400, "2147483648", "9223372036854775808", "18446744073709551616", "10000", "100", "99.99",
    "33.333", "1_000", "22:30", "5%", "100%", "0%", "101%", "-1%", "5 %", "1e2%", "100ms", "1h", "0s", "1.5h", "1d",
    "99999999999999999999h", "-5m", "1h1h", "1e9s", "0.0000001s",
)  # fmt: skip
TEXTS: Final = (
    '""', "''", "~", "null", "true", "off", "{}", "[]", "[[]]", "[~]", "{~: ~}", "- -", "<<", "=", "*a", "&a a", "!x y",
    "!!str 1", "!!binary aGk=", "|", ">", "|\n", "? x", "{? [a]: b}", '"\\ud800"', '"\\u0000"', '"\\x07"', '"\\U0001F600"',
    '"a\\nb"', '"a\\tb"', '" a "', '"#x"', '"a: b"', '"{{ x }}"', '"${x}"', '"#{x}"', '"$host"', '"; } server { #"',
    '"a\\\\"', '"../../x"', '"/"', '"//"', '"/a/../b"', '"%00"', '"%2e"', '"é"', '"\U0001f600"', '"\u0430"', "*", '"*"',
    '"*.a"', "a..b", '"[::1]:80"', "10.0.0.1:80", "10.0.0.1:0", "10.0.0.1:99999", "0.0.0.0/0", "::/0", "10.0.0.1/8",
    "10.0.0.0/33", "1.2.3", "::ffff:1.2.3.4", "::ffff:0:0/95", "fe80::1%eth0", "256.1.1.1", "a" * 64, "a" * 300,
    '"' + "a" * 5000 + '"', '"' + "\U0001f600" * 600 + '"', '"::error::x"', '"##vso[x]"', '"\\e[31m"',
)  # fmt: skip
REGEXES: Final = (
    "(a+)+$", "(a|aa)+$", "(.*a){12}", "(\\w+\\s?)*$", "[[:alpha:]]", "[a&&b]", "\\Z", "a{1,1001}", "(a{1,100}){1,100}",
    "", ".*", "(", ")", "[", "a{", "a{2,1}", "\\", "(?i)a", "(?=a)", "(?P<x>a)", "\\1", "[z-a]", "[^]", "[]", "a**",
    "a|" * 400, "(" * 200 + ")" * 200, "(a?){40}a{40}", "[\\u0000-\\uffff]", "\\p{L}", "(?s).", "^^^a$$$", "a{0}", "((((a*)*)*)*)*",
    ".{1000}", "(.|a){500}", "(ab?c?d?e?f?){50}", "x" * 2000, "[a-z]{1000}[0-9]{1000}", "(?:a|b|c){1,300}x",
)  # fmt: skip
NGINX: Final = (
    "{", "}", ";", "#", "\\", "'", '"', "''", '""', "$", "${", "${a", "$1", "$a$b", "$http_x", "$arg_a", "$cookie_b", "~",
    "~*", "=", "^~", "*", "**", "default", "hostnames", "volatile", "include x;", "include *;", "include shop.conf;", "map",
    "map $http_a $b {", "geo {", "geo $a {", "split_clients", "split_clients $a $b { 5% x; * y; }", "if ($a) {", "if",
    "server {", "location / {", "location ~ (a+)+$ {", "proxy_pass http://$b;", "proxy_pass", "return 301 x;", "return",
    "set $a $a$a;", "set $a b;", "rewrite ^ / last;", "listen 80 default_server;", "listen [::]:80;", "listen x;",
    "server_name ~^(.*)$ *.a a.*;", "upstream a {", "server 1.1.1.1 weight=0;", "server 1.1.1.1 weight=99999999999;",
    "real_ip_header X;", "set_real_ip_from ::/0;", "auth_jwt x;", "js_set $a b.c;", "js_import x.js;", "error_page 404 /;",
    "try_files $uri @x;", "limit_req zone=a burst=-1;", "limit_req_zone $a zone=b:1m rate=1e9r/s;", "stream {", "http {",
    "load_module x;", "underscores_in_headers on;", "map_hash_bucket_size 0;", "proxy_next_upstream_tries 99999999999;",
    "proxy_set_header Host $a;", "add_header A b;", "mirror /m;", "internal;", "satisfy any;", "deny all;", "alias /x;",
)  # fmt: skip
BYTES: Final = (
    b"\x00", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\r", b"\r\n", b"\n", b"\t", b"\x80", b"\xc3", b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\x1b[31m", b"\x7f", b"\x0c", b"---\n", b"...\n",
    b"\n---\n", b"%YAML 1.1\n---\n", b"%TAG ! x\n---\n", b"# graymesh: ignore[GM203] -- x\n", b" # graymesh: ignore[GM2]\n",
    b"#", b" #", b"# ", b": ", b"- ", b"? ", b"{", b"}", b"[", b"]", b"&a ", b"*a", b"!a ", b"|", b">", b"'", b'"', b"\\",
    b"<<: *a", b"@", b"`", b"%", b",", b"/*", b"*/", b"//", b"\\u", b"\\x", b"\\N", b"$", b";", b"0", b"9" * 30, b"e99999999",
    b"[" * 2000, b"[" * 100_000, b"{a: " * 1500, b"- " * 3000, b"a" * 20_000, b"1" * 20_000, b"(" * 3000, b"*" * 500, b"{" * 900,
)  # fmt: skip


def scalar(random: Random) -> str:
    """A scalar as one writes it in YAML, mostly good JSON as well."""
    kind = random.random()
    if kind < 0.4:
        return random.choice(NUMBERS)
    if kind < 0.8:
        return random.choice(TEXTS)
    return '"' + random.choice(REGEXES).replace("\\", "\\\\").replace('"', '\\"') + '"'
