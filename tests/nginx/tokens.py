"""Signed tokens for nginx's tests: RS256 and ES256 by their textbooks, so that no tool has to be installed.

RFC 8017, 8.2 (RSASSA-PKCS1-v1_5) and FIPS 186-4, 6.4 (ECDSA on P-256). For tests alone: nothing here is safe from
whoever measures time, and the keys are in this file.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

SECRET: Final = b"only for tests: 32 bytes or more"
_PRIMES: Final = (
    int(
        "f79f358842f00891e58a994cea2d66773259178b0d052e7d30f22af35cebc50f9dab80b09f17c321ecd198d9fa05027c02ea"
        "850a68cd3b3805586932bae8eb840f64508e226d2eb3313a518d4c3c332a4133a7b4dd9a2d1a9cf812da94b10b5afed0bed2"
        "4dc9e8c64361fc02be8baccc364797993c7de44869dca71a10ff8171",
        16,
    ),
    int(
        "b6d89761a2b5c4245cace61820bb491262f92afd406d993af7f67cdc2ac8bedfa516970c490ac9dcb8e72e343d098ff1c3e1"
        "3d62d887176838b8a99e3b8b75c2bf8eb3fcbb5dc15683bdf6f85c648895dd4c32d43531c9b43ca54e02ed4e3b3466d1469e"
        "e20febe66017723c373b67ba6fb09f0d73ab014d61f4dc9b339ce507",
        16,
    ),
    int(
        "cad706a644d16d61fcbc04a47706da0f6d1e442caf27de9f69690d8bb064ba78c6511fc63b44d370bd97e474be3a2266ec4f"
        "d5933363c574a0c8ded68b63673fd00bdd2683e17eca8f4d27c35409b5698712b1df3dd100f738c50ac4beb692e61b6db1e0"
        "a0864e75a06afb72536b51ed33e5fb4958996267ba62abbee52c25cf",
        16,
    ),
)
_EXPONENT: Final = 65537
_SHA256_IN_DER: Final = bytes.fromhex("3031300d060960864801650304020105000420")

Point = tuple[int, int]
_P: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G: Final = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_OWN, _OTHER = 0x48E3A732973CC158EA955AB404967B41264, 0x123456789ABCDEF123456789ABCDEF
"""The private scalars of the key that nginx knows, and of another one."""


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def modulus(forged: bool = False) -> int:
    """Of the key that nginx knows, or of another one."""
    return _PRIMES[0] * (_PRIMES[2] if forged else _PRIMES[1])


def key_set() -> dict[str, Any]:
    """The public keys and the secret that nginx knows, as a JSON Web Key Set."""
    x, y = _times(_OWN, _G)
    return {
        "keys": [
            {"kty": "oct", "kid": "shared", "k": encoded(SECRET)},
            {"kty": "RSA", "kid": "rsa", "use": "sig", "n": encoded(_bytes(modulus(), 256)), "e": "AQAB"},
            {"kty": "EC", "kid": "curve", "crv": "P-256", "x": encoded(_bytes(x, 32)), "y": encoded(_bytes(y, 32))},
        ]
    }


def token(
    claims: Mapping[str, Any], alg: object, *, forged: bool = False, secret: bytes = SECRET, **header: Any
) -> str:
    """A token as its issuer signs it; `forged` is signed with a key that nginx does not know."""
    head = encoded(json.dumps({"alg": alg, **header}).encode())
    signed = f"{head}.{encoded(json.dumps(claims).encode())}"
    return f"{signed}.{encoded(_signature(signed.encode(), alg, forged, secret))}"


def _signature(text: bytes, alg: object, forged: bool, secret: bytes) -> bytes:
    if alg == "HS256":
        return hmac.new(secret[::-1] if forged else secret, text, hashlib.sha256).digest()
    if alg == "RS256":
        return _rsa(text, forged)
    return _ecdsa(text, _OTHER if forged else _OWN) if alg == "ES256" else b""


def _rsa(text: bytes, forged: bool) -> bytes:
    p, q = _PRIMES[0], _PRIMES[2] if forged else _PRIMES[1]
    info = _SHA256_IN_DER + hashlib.sha256(text).digest()
    padded = b"\0\1" + b"\xff" * (256 - 3 - len(info)) + b"\0" + info
    private = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    return _bytes(pow(int.from_bytes(padded, "big"), private, p * q), 256)


def _ecdsa(text: bytes, private: int) -> bytes:
    digest = int.from_bytes(hashlib.sha256(text).digest(), "big")
    once = int.from_bytes(hashlib.sha256(b"once" + text).digest(), "big") % _ORDER
    r = _times(once, _G)[0] % _ORDER
    s = pow(once, -1, _ORDER) * (digest + r * private) % _ORDER
    return _bytes(r, 32) + _bytes(s, 32)


def _times(scalar: int, point: Point) -> Point:
    found: Point | None = None
    while scalar:
        if scalar & 1:
            found = point if found is None else _sum(found, point)
        point, scalar = _sum(point, point), scalar >> 1
    assert found
    return found


def _sum(left: Point, right: Point) -> Point:
    if left == right:
        slope = (3 * left[0] ** 2 - 3) * pow(2 * left[1], -1, _P) % _P
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, _P) % _P
    x = (slope**2 - left[0] - right[0]) % _P
    return x, (slope * (left[0] - x) - left[1]) % _P


def _bytes(number: int, size: int) -> bytes:
    return number.to_bytes(size, "big")
