"""Addresses of the language: networks, endpoints, URLs, images, paths of files. Rules as in `.scalars`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from graymesh.did_you_mean import quoted
from graymesh.language.problems import Malformed
from graymesh.language.scalars import HOST, LABEL, host

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
IPV4: Final = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
CIDR: Final = "[0-9a-fA-F:.]+(?:/[0-9]{1,3})?"
ENDPOINT: Final = r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}"
HTTPS_URL: Final = rf"https://{HOST}(?::[0-9]{{1,5}})?(?:/[A-Za-z0-9._~!&()+,=:@/-]*)?"
ORIGIN: Final = rf"https?://{HOST}(?::[0-9]{{1,5}})?"
ISSUER: Final = "[A-Za-z0-9](?:[A-Za-z0-9._~:/@+-]*[A-Za-z0-9/])?"
_COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
IMAGE: Final = (
    rf"(?:{LABEL}(?:\.{LABEL})*(?::[0-9]{{1,5}})?/)?{_COMPONENT}(?:/{_COMPONENT})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
FILE_PATTERN: Final = r"[A-Za-z0-9_*?-][A-Za-z0-9._*?-]*(?:/[A-Za-z0-9_*?-][A-Za-z0-9._*?-]*)*"
FOLDER: Final = "[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*"


def network(text: str) -> str:
    """A network in canonical CIDR form; a bare address is the network of itself, IPv4-mapped IPv6 is IPv4."""
    from ipaddress import ip_network

    if re.fullmatch(CIDR, text) is None:
        raise Malformed("GM106", f"{quoted(text)} is not a network", _network_advice(text))
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        raise Malformed("GM106", f"{quoted(text)} is not a network", _network_advice(text)) from None
    canonical = _unmapped(found)
    if "/" in text and not _is_base(text.partition("/")[0], found):
        message = f"{quoted(text)} has host bits set"
        raise Malformed("GM106", message, f"write '{canonical}'", str(canonical))
    return str(canonical)


def address(text: str) -> str:
    """One address in canonical form; IPv4-mapped IPv6 is IPv4."""
    from ipaddress import ip_address

    try:
        found = ip_address(text) if re.fullmatch(CIDR, text) else None
    except ValueError:
        found = None
    if found is None:
        raise Malformed("GM106", f"{quoted(text)} is not an address", "like 203.0.113.7 or 2001:db8::7")
    mapped = found.ipv4_mapped if found.version == 6 else None
    return str(mapped or found)


def endpoint(text: str) -> str:
    """`ip:port`, `[ip6]:port` or `host:port`, in canonical form."""
    where, _, port = text.rpartition(":")
    if re.fullmatch(ENDPOINT, text) is None:
        raise Malformed("GM106", f"{quoted(text)} is not an endpoint", _endpoint_advice(text))
    if not 1 <= int(port) <= 65_535:
        raise Malformed("GM106", f"{quoted(text)} has no port from 1 to 65535")
    return f"{_endpoint_host(where, text)}:{int(port)}"


def https_url(text: str) -> str:
    """An https address on a named host, without query and fragment."""
    if re.fullmatch(HTTPS_URL, text) is None or text.partition("://")[2].partition("/")[0].replace(".", "").isdigit():
        raise Malformed("GM106", f"{quoted(text)} is not an https address", "like https://id.example.com/jwks.json")
    return text


def origin(text: str) -> str:
    """An origin as browsers send it: scheme, host in lower case, and the port unless it is the scheme's own."""
    scheme, _, rest = text.partition("://")
    name, _, port = rest.partition(":")
    if re.fullmatch(ORIGIN, text) is None or (port and not 0 < int(port) < 65_536):
        plain = text.lower().rstrip("/")
        advice = f"write {plain}" if re.fullmatch(ORIGIN, plain) else "like https://app.example.com, without a path"
        advice = "list each origin" if "*" in text else advice
        raise Malformed("GM106", f"{quoted(text)} is not an origin", advice)
    if port == {"https": "443", "http": "80"}[scheme]:
        raise Malformed("GM106", f"browsers leave the port of {quoted(text)} out", f"write {scheme}://{name}")
    return text


def issuer(text: str) -> str:
    """The issuer of a token, as the token says it: a URL or a name."""
    if re.fullmatch(ISSUER, text) is None:
        raise Malformed("GM106", f"{quoted(text)} is not an issuer", "like https://id.example.com")
    return text


def image(text: str) -> str:
    """A container image: registry, name, tag, digest."""
    if re.fullmatch(IMAGE, text) is None:
        raise Malformed("GM106", f"{quoted(text)} is not a container image", "like registry.example.com/shop:v2.1.0")
    return text


def file_pattern(text: str) -> str:
    """A pattern of spec files, relative to the project, with `*`, `**` and `?`; never above it."""
    return _inside(text, FILE_PATTERN, "a pattern of files inside the project", "like releases/*.yaml")


def folder(text: str) -> str:
    """A folder relative to the project, never above it."""
    return _inside(text, FOLDER, "a folder inside the project", "like rendered")


def _inside(text: str, allowed: str, what: str, advice: str) -> str:
    plain = text.removeprefix("./").removesuffix("/")
    if re.fullmatch(allowed, plain) is None:
        raise Malformed("GM106", f"{quoted(text)} is not {what}", advice)
    return plain


def _network_advice(text: str) -> str:
    if "%" in text:
        return "without the zone"
    return "like 203.0.113.0/24 or 2001:db8::/32"


def _is_base(written: str, found: IPv4Network | IPv6Network) -> bool:
    from ipaddress import ip_address

    return ip_address(written) == found.network_address


def _unmapped(found: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    from ipaddress import IPv4Network, IPv6Network

    if isinstance(found, IPv6Network) and found.network_address.ipv4_mapped and found.prefixlen >= 96:
        return IPv4Network((int(found.network_address.ipv4_mapped), found.prefixlen - 96))
    return found


def _endpoint_advice(text: str) -> str:
    if "://" in text:
        return "without the scheme, like 10.0.1.11:8080"
    if text.count(":") > 1:
        return "an IPv6 address stands in brackets, like [2001:db8::1]:8080"
    return "an address or host name and a port, like 10.0.1.11:8080"


def _endpoint_host(where: str, shown: str) -> str:
    if not where.startswith("[") and re.fullmatch(IPV4, where) is None:
        return host(where)
    if re.fullmatch(IPV4, where):
        _reachable(where, shown)
        return where
    found = address(where[1:-1])
    _reachable(found, shown)
    return f"[{found}]" if ":" in found else found


def _reachable(text: str, shown: str) -> None:
    """Refuses addresses that no instance has: link-local ones are the cloud's metadata services."""
    if ":" not in text and not text.startswith(("0.", "169.254.", "22", "23", "24", "25")):
        return
    from ipaddress import ip_address

    found: IPv4Address | IPv6Address = ip_address(text)
    if found.is_link_local or found.is_multicast or found.is_unspecified or (found.is_reserved and ":" not in text):
        raise Malformed(
            "GM106", f"{quoted(shown)} is not an address of an instance", "link-local and group addresses are"
        )
