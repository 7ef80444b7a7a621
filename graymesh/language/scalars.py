"""Text and numbers of the language, each by an allow-list that must take the whole value.

Every function takes what was written and returns what it means, in the unit that the function's name says, or raises
`Malformed`. Patterns are plain strings: `re` compiles one at its first use and keeps it, and the JSON Schema shows it.

Sources of the limits: RFC 1035 §2.3.1 and RFC 1123 §2.1 (names), RFC 9110 §5.6.2 and §7.6.1 (header names, hop-by-hop
headers), RFC 6265 §4.1.1 (cookies), RFC 3986 §3.3 and §3.4 (paths, queries), the Kubernetes API (labels).
"""

from __future__ import annotations

import re
from typing import Final

from graymesh.did_you_mean import certain, nearest, quoted
from graymesh.ir.alphabets import COOKIE_VALUE, QUERY_VALUE, TEXT
from graymesh.language.problems import Malformed

LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
SERVICE: Final = "[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
HOST: Final = rf"{LABEL}(?:\.{LABEL})*"
HOST_END: Final = r"[a-z0-9.-]*[a-z0-9]"
LABEL_VALUE: Final = "(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?"
LABEL_KEY: Final = rf"(?:{HOST}/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{{0,61}}[A-Za-z0-9])?"
HEADER_NAME: Final = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
COOKIE_NAME: Final = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
QUERY_NAME: Final = "[A-Za-z0-9._~-]{1,64}"
_CLAIM: Final = "[A-Za-z_][A-Za-z0-9_:-]{0,63}"
CLAIM_NAME: Final = rf"{_CLAIM}(?:\.{_CLAIM}){{0,3}}|https?://[A-Za-z0-9._~:/-]{{1,120}}"
PATTERN: Final = "[ -~]+"
PATH: Final = "/(?:[A-Za-z0-9._~!&()+,=:@-]+(?:/[A-Za-z0-9._~!&()+,=:@-]+)*/?)?"
PATH_END: Final = "[A-Za-z0-9._~!&()+,=:@/-]+"
DURATION: Final = "[0-9]+(?:ms|s|m|h)"
BUCKET: Final = "[0-9a-f]{4}"
COHORT: Final = "[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?"
COOKIE_PATH: Final = "/[A-Za-z0-9._~/-]*"
PERCENTAGE: Final = r"[0-9]+(?:\.[0-9]{1,2})?%"
WEIGHT: Final = r"[0-9]{1,3}(?:\.[0-9]{1,2})?"
QUANTILE: Final = r"0?\.[0-9]{1,4}"
ACCEPTED_CODE: Final = "GM3[0-9]{2}"

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
"""The methods of RFC 9110 and RFC 5789."""

LONGEST: Final = 1024
"""Characters of a value; nginx fails on tokens of 4,096 bytes, and a value may double when it is quoted."""

LONGEST_DURATION_MS: Final = 365 * 24 * 3_600_000

_HOP_BY_HOP = frozenset(
    ["connection", "host", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "keep-alive", "expect"]
)
_NOT_OURS_TO_SET = frozenset(["set-cookie", "authorization", "location", "date", "server", "vary", "forwarded", "via"])
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}


def label(text: str) -> str:
    """A name of RFC 1123: versions, namespaces, audiences, routes, stages."""
    return _name(text, LABEL, "a name", "lower-case letters, digits and '-', at most 63 characters, no '-' at the ends")


def local_name(text: str) -> str:
    """A name that means nothing outside its file, so that it can be mended there."""
    try:
        return label(text)
    except Malformed as problem:
        mended = _mended_name(text)
        problem.mended = mended if re.fullmatch(LABEL, mended) else ""
        raise


def service_name(text: str) -> str:
    """A name of RFC 1035: what a Kubernetes service may be called."""
    rule = "lower-case letters, digits and '-', at most 63 characters, starting with a letter, not ending with '-'"
    return _name(text, SERVICE, "a service name", rule)


def host(text: str) -> str:
    """A host name, in lower case; no port, no wildcard, no dot at the end, no address."""
    name = text.lower()
    _ascii(text, "a host name", "an international name is written in its 'xn--' form")
    if name.endswith("."):
        short = name.rstrip(".")
        raise Malformed("GM105", f"{quoted(text)} ends with a dot", f"write {quoted(short)}", short)
    if ":" in name:
        raise Malformed("GM105", f"{quoted(text)} holds a port or a scheme", "write the host name alone")
    if "*" in name:
        raise Malformed("GM105", f"{quoted(text)} is a wildcard", "list the host names one by one")
    if re.fullmatch(HOST, name) is None or len(name) > 253:
        rule = "labels of lower-case letters, digits and '-' between dots, at most 63 characters each and 253 in all"
        raise Malformed("GM105", f"{quoted(text)} is not a host name", rule)
    if name.rpartition(".")[2].isdigit():
        raise Malformed("GM105", f"{quoted(text)} ends in a number, as only addresses do", "write a host name")
    return name


def host_end(text: str) -> str:
    """What a host name ends with, in lower case: `.beta.example.com`, or a part of a label before that."""
    name = text.lower()
    _ascii(text, "the end of a host name", "an international name is written in its 'xn--' form")
    if "*" in name:
        short = name.lstrip("*")
        raise Malformed("GM105", f"{quoted(text)} holds a wildcard", f"write {quoted(short)}", short)
    if ":" in name:
        raise Malformed("GM105", f"{quoted(text)} holds a port or a scheme", "write the end of the host name alone")
    # Something stands before it, which may end within a label.
    if not name or re.fullmatch(HOST, f"x{name}") is None or len(name) > 252:
        rule = "letters, digits and '-', in labels between dots; a dot at its beginning means whole labels"
        raise Malformed("GM105", f"no host name ends with {quoted(text)}", rule)
    if "." in name and name.rpartition(".")[2].isdigit():
        raise Malformed("GM105", f"{quoted(text)} ends in a number, as only addresses do", "write a host name's end")
    return name


def label_key(text: str) -> str:
    """A key of a Kubernetes label or annotation."""
    if len(text.partition("/")[0]) > 253:
        raise Malformed("GM116", f"the prefix of {quoted(text)} is longer than 253 characters")
    return _name(
        text, LABEL_KEY, "a label's key", "letters, digits, '-', '_', '.', at most 63, after an optional 'prefix/'"
    )


def label_value(text: str) -> str:
    """A value of a Kubernetes label; may be empty."""
    return _name(text, LABEL_VALUE, "a label's value", "letters, digits, '-', '_' and '.', at most 63 characters")


def header_name(text: str) -> str:
    """The name of a request header that is read, in lower case."""
    name = _name(text, HEADER_NAME, "a header's name", "letters, digits, '-' and '_', at most 64 characters").lower()
    if name == "cookie":
        raise Malformed("GM105", "the Cookie header holds many values", "use 'cookies:' and name the cookie")
    if name in _HOP_BY_HOP or name.startswith("proxy-"):
        raise Malformed("GM105", f"{quoted(text)} belongs to the connection, engines rewrite it", _instead_of(name))
    return name


def own_header_name(text: str) -> str:
    """The name of a header that graymesh sets, in lower case."""
    name = header_name(text)
    if name in _NOT_OURS_TO_SET or name.startswith(("content-", "access-control-")):
        raise Malformed("GM105", f"{quoted(text)} has a meaning of its own", "use a header like 'X-Gray-Notice'")
    return name


def cookie_name(text: str) -> str:
    """The name of a cookie; case counts."""
    return _name(text, COOKIE_NAME, "a cookie's name", "letters, digits, '-', '_' and '.', at most 64 characters")


def query_name(text: str) -> str:
    """The name of a query parameter; case counts."""
    return _name(text, QUERY_NAME, "a query parameter's name", "letters, digits, '-', '_', '.' and '~', at most 64")


def claim_name(text: str) -> str:
    """The name of a claim, below others after dots, or an address as a whole; case counts."""
    rule = "letters, digits, '-', '_' and ':', with dots before claims inside of others, or an address like https://…"
    return _name(text, CLAIM_NAME, "a claim's name", rule)


def plain_text(text: str) -> str:
    """A value of a header or claim: visible ASCII with blanks inside."""
    return _value(text, TEXT, "a value", "visible ASCII characters, blanks only inside")


def cookie_value(text: str) -> str:
    """A value of a cookie: the cookie-octets of RFC 6265."""
    return _value(text, COOKIE_VALUE, "a cookie's value", "visible ASCII characters without '\"', ',', ';' and '\\'")


def query_value(text: str) -> str:
    """A value of a query parameter: what RFC 3986 lets stand there, without `&` and `+`, which engines take apart."""
    return _value(text, QUERY_VALUE, "a query parameter's value", "letters, digits and any of -._~!$'()*,;:@/?=")


def bucket(text: str) -> int:
    """A bucket in its four hex digits: `03ff`."""
    if re.fullmatch(BUCKET, text) is None:
        advice = "four hex digits from 0000 to ffff, in lower case"
        mended = text.lower() if re.fullmatch(BUCKET, text.lower()) else ""
        raise Malformed("GM106", f"{quoted(text)} is not a bucket", advice, mended)
    return int(text, 16)


def cohort(text: str) -> str:
    """The name of a cohort; a release's own is `namespace/name/canary`, which another one may take over."""
    if re.fullmatch(COHORT, text) is None:
        advice = "letters, digits, '-', '_', '.' and '/', at most 128, the first and last a letter or digit"
        raise Malformed("GM105", f"{quoted(text)} is not a cohort's name", advice)
    return text


def cookie_path(text: str) -> str:
    """The path below which browsers send a cookie: such that it means the same in every engine's quotes."""
    if re.fullmatch(COOKIE_PATH, text) is None:
        advice = "a slash, then letters, digits and -._~/"
        raise Malformed("GM109", f"{quoted(text)} is not a path that a cookie can have here", advice)
    return text


def prose(text: str) -> str:
    """Text for people: printable characters of any script on one line."""
    if not text.strip():
        raise Malformed("GM110", "the text is empty")
    if text.strip() != text or not text.isprintable():
        raise Malformed("GM109", f"{quoted(text)} is not one line of printable text", "no blanks at the ends")
    return text


def pattern(text: str) -> str:
    """The characters of a regular expression; its meaning is checked by `graymesh.proof.regex.portable`."""
    return _value(text, PATTERN, "a regular expression", "visible ASCII characters and blanks")


def path(text: str) -> str:
    """A path of a URL, normalised as it must be: nothing that an engine decodes, collapses or expands."""
    _ascii(text, "a path", "")
    if re.fullmatch(PATH, text) is None:
        mended = "/" + text if re.fullmatch("[A-Za-z0-9-]+(?:/.*)?", text) and re.fullmatch(PATH, "/" + text) else ""
        raise Malformed("GM106", f"{quoted(text)} is not a path", _path_advice(text), mended)
    if any(segment in {".", ".."} for segment in text.split("/")):
        raise Malformed("GM106", f"{quoted(text)} holds a '.' or '..' segment", "write the path that it leads to")
    return text


def path_end(text: str) -> str:
    """What a path ends with: the end of a segment, or a slash and more."""
    _ascii(text, "the end of a path", "")
    if re.fullmatch(PATH_END, text) is None:
        raise Malformed("GM106", f"no path ends with {quoted(text)}", _path_advice(text))
    if "//" in text or any(segment in {".", ".."} for segment in text.split("/")[1:]):
        message = f"no path ends with {quoted(text)}: engines take out empty segments, '.' and '..'"
        raise Malformed("GM106", message, "write the path that they lead to")
    return text


def method(text: str) -> str:
    """A request method in upper case."""
    if text not in METHODS:
        near = nearest(text, METHODS)
        advice = f"did you mean {quoted(near)}?" if near else "one of " + ", ".join(METHODS)
        mended = text.upper() if text.upper() in METHODS else certain(text, METHODS) or ""
        raise Malformed("GM106", f"{quoted(text)} is not a request method", advice, mended)
    return text


def duration_ms(text: str) -> int:
    """A duration in milliseconds: `500ms`, `30s`, `5m`, `2h`; more than nothing, at most a year."""
    if re.fullmatch(DURATION, text) is None:
        raise Malformed("GM106", f"{quoted(text)} is not a duration", _duration_advice(text))
    digits = text.rstrip("msh")
    amount = int(digits) * _MILLISECONDS[text[len(digits) :]] if len(digits) <= 15 else LONGEST_DURATION_MS + 1
    if not amount:
        raise Malformed("GM106", f"{quoted(text)} is zero", "leave the key out, or write more than 0")
    if amount > LONGEST_DURATION_MS:
        raise Malformed("GM106", f"{quoted(text)} is longer than a year", "at most 8760h")
    return amount


def duration_seconds(text: str) -> int:
    """A duration in whole seconds."""
    amount = duration_ms(text)
    if amount % 1000:
        raise Malformed("GM106", f"{quoted(text)} is not a whole number of seconds")
    return amount // 1000


def percentage_basis_points(text: str) -> int:
    """A percentage in basis points, exact: `1%`, `99.95%`."""
    if re.fullmatch(PERCENTAGE, text) is None:
        advice = "a number with at most two decimals and '%', like 1% or 99.95%"
        raise Malformed("GM106", f"{quoted(text)} is not a percentage", advice)
    return _basis_points(text[:-1], text)


def weight_basis_points(text: str) -> int:
    """A weight as it stands in the file, in basis points, exact: `5`, `33.33`; 0–100."""
    if re.fullmatch(WEIGHT, text) is None:
        raise Malformed("GM106", f"{quoted(text)} is not a weight", "a number from 0 to 100 with at most two decimals")
    return _basis_points(text, text)


def quantile_basis_points(text: str) -> int:
    """A quantile as it stands in the file, in basis points, exact: `0.99` → 9900; between 0 and 1."""
    amount = int(text.partition(".")[2].ljust(4, "0")) if re.fullmatch(QUANTILE, text) else 0
    if not amount:
        raise Malformed(
            "GM106", f"{quoted(text)} is not a quantile", "between 0 and 1, at most four decimals, like 0.99"
        )
    return amount


def accepted_code(text: str) -> str:
    """A code of what a target cannot do."""
    if re.fullmatch(ACCEPTED_CODE, text) is None:
        raise Malformed("GM104", f"{quoted(text)} cannot be accepted", "only codes GM300 to GM399 can")
    return text


def one_character_off(text: str) -> str:
    """The first character outside ASCII, named, or nothing: `'а' (U+0430 CYRILLIC SMALL LETTER A)`."""
    odd = next((char for char in text if not char.isascii()), None)
    if odd is None:
        return ""
    from unicodedata import name

    return f"{odd!r} (U+{ord(odd):04X} {name(odd, 'unnamed')})"


def _ascii(text: str, what: str, advice: str) -> None:
    odd = one_character_off(text)
    if odd:
        raise Malformed("GM109", f"{quoted(text)} holds {odd}; {what} is ASCII", advice)


def _name(text: str, allowed: str, what: str, rule: str) -> str:
    if re.fullmatch(allowed, text) is not None:
        return text
    _ascii(text, what, rule)
    mended = _mended_name(text)
    if mended == text or not re.fullmatch(allowed, mended):
        raise Malformed("GM105", f"{quoted(text)} is not {what}", rule)
    raise Malformed("GM105", f"{quoted(text)} is not {what}", f"{rule}; write {quoted(mended)}")


def _mended_name(text: str) -> str:
    return text.lower().replace("_", "-").strip("-. ")


def _value(text: str, allowed: str, what: str, rule: str) -> str:
    if re.fullmatch(allowed, text) is not None:
        return text
    if not text:
        raise Malformed("GM110", f"{what} is empty, which counts as absent", "write {absent: true} to match that")
    _ascii(text, what, rule)
    mended = ""
    if text != text.strip(" \t") and re.fullmatch(allowed, text.strip(" \t")):
        rule, mended = "remove the blanks at the ends; engines trim them", text.strip(" \t")
    column = next((at for at, char in enumerate(text, 1) if not re.fullmatch(allowed, f"x{char}x")), 0)
    where = f": {text[column - 1]!r} at column {column}" if column else ""
    raise Malformed("GM109", f"{quoted(text)} is not {what} that every engine reads alike{where}", rule, mended)


def _instead_of(name: str) -> str:
    return "use 'host:'" if name == "host" else "choose a header of your own, like 'X-Gray-Version'"


def _path_advice(text: str) -> str:
    for mark, advice in _PATH_ADVICE:
        if mark in text:
            return advice
    if not text.startswith("/"):
        return f"write {quoted('/' + text)}" if re.fullmatch(PATH, "/" + text) else "a path starts with '/'"
    return "segments of letters, digits and '._~!&()+,=:@-' between single '/'"


_PATH_ADVICE = (
    ("?", "without the query; use 'query:' for parameters"),
    ("#", "without the fragment, which no server sees"),
    ("%", "without escapes; engines decode them differently"),
    ("*", "'*' has no meaning here; use {prefix: …} or {regex: …}"),
    ("//", "without empty segments; engines merge slashes differently"),
)


def _duration_advice(text: str) -> str:
    if re.fullmatch("[0-9]+", text):
        return f"add the unit, like '{text[:9]}s' or '{text[:9]}ms'"
    return "a whole number and one of ms, s, m, h, like 500ms, 90m or 48h"


def _basis_points(number: str, shown: str) -> int:
    whole, _, decimals = number.partition(".")
    amount = int(whole[-9:]) * 100 + int(decimals.ljust(2, "0")) if not whole[:-9].strip("0") else 10_001
    if amount > 10_000:
        raise Malformed("GM106", f"{quoted(shown)} is more than the whole", "at most 100")
    return amount
