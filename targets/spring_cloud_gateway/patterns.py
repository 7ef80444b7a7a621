"""What the regular expressions of Spring's predicates take, in our words. Java matches them against whole values."""

from __future__ import annotations

import re
from functools import lru_cache

from graymesh.ir.release import Kind, Matcher
from graymesh.kit.patterns import understood
from graymesh.kit.refusal import NotUnderstood
from graymesh.proof.regex.portable import RegexProblem

_PORTS = r"\(\?::\[0-9\]\*\)\?|\(:\[0-9\]\*\)\?|\(\?::\\d\*\)\?|\(:\\d\*\)\?"
_HOST = r"(?:\[\^:\]\*)?(?:[A-Za-z0-9-]|\\\.)+"
_HOSTS = re.compile(rf"\(\?i\)(?:({_HOST})|\((?:\?:)?({_HOST}(?:\|{_HOST})*)\))(?:{_PORTS})")


def matcher(pattern: str, kind: Kind) -> Matcher:
    """The values that a regexp takes. Raises NotUnderstood for what other engines would read in another way."""
    try:
        return understood(pattern, kind)
    except RegexProblem as problem:
        raise NotUnderstood("regexp", f"{pattern!r}, {problem}") from None


@lru_cache(maxsize=8192)
def host(pattern: str) -> Matcher:
    """The hosts, in lower case, that a regexp on the Host header takes in any letter case and with any port.

    Raises NotUnderstood.
    """
    found = _HOSTS.fullmatch(pattern)
    if found is None:
        message = f"{pattern!r} is not of the form (?i)(?:a\\.example|[^:]*\\.b\\.example)(?::[0-9]*)?"
        raise NotUnderstood("Header Host", f"{message}; the header holds a port, and its letter case is the client's")
    return matcher((found[1] or found[2]).lower(), Kind.HOST)
