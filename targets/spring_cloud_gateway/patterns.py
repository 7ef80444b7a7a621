"""What the regular expressions of Spring's predicates take, in our words. Java matches them against whole values."""

from __future__ import annotations

import re
from functools import lru_cache

from graymesh.ir.release import Buckets, Matcher, OneOf, Prefix, Present, Regex
from graymesh.proof.regex import portable as portable_regex
from graymesh.proof.regex.tree import nullable
from graymesh.targets.spring_cloud_gateway.refused import NotUnderstood

_LITERAL = r"(?:[A-Za-z0-9 _~!#%&',/:;<=>@`\"-]|\\[!-/:-@\[-`{-~])+"
_CHOICES = re.compile(rf"{_LITERAL}(?:\|{_LITERAL})*")
_PREFIX = re.compile(rf"({_LITERAL})\.\*")
_PIECE = re.compile(_LITERAL)
_ESCAPE = re.compile(r"\\(.)")

_PORTS = r"\(\?::\[0-9\]\*\)\?|\(:\[0-9\]\*\)\?|\(\?::\\d\*\)\?|\(:\\d\*\)\?"
_HOST = r"[A-Za-z0-9-]+(?:\\\.[A-Za-z0-9-]+)*"
_HOSTS = re.compile(rf"\(\?i\)(?:({_HOST})|\((?:\?:)?({_HOST}(?:\|{_HOST})*)\))(?:{_PORTS})")


@lru_cache(maxsize=8192)
def matcher(pattern: str) -> Matcher:
    """The values that a regexp takes. Raises NotUnderstood for what other engines would read in another way."""
    if _CHOICES.fullmatch(pattern):
        return OneOf(tuple(sorted({_unescaped(piece) for piece in _PIECE.findall(pattern)})))
    prefix = _PREFIX.fullmatch(pattern)
    if prefix:
        return Prefix(_unescaped(prefix[1]))
    if pattern == ".+":
        return Present()
    try:
        portable_regex.parse(pattern)
    except portable_regex.RegexProblem as problem:
        raise NotUnderstood("regexp", f"{pattern!r}, {problem}") from None
    intervals = portable_regex.intervals_of(pattern)
    return Buckets(intervals) if intervals else Regex(pattern)


@lru_cache(maxsize=8192)
def takes_empty(found: Matcher) -> bool:
    """Would the matcher's regexp take an empty value, which counts as absent?"""
    return isinstance(found, Regex) and nullable(portable_regex.parse(found.pattern))


@lru_cache(maxsize=8192)
def hosts(pattern: str) -> frozenset[str]:
    """The hosts, in lower case, that a regexp on the Host header takes in any letter case and with any port."""
    found = _HOSTS.fullmatch(pattern)
    if found is None:
        message = f"{pattern!r} is not of the form (?i)(?:a\\.example|b\\.example)(?::[0-9]*)?"
        raise NotUnderstood("Header Host", f"{message}; the header holds a port, and its letter case is the client's")
    names = (found[1] or found[2]).split("|")
    return frozenset(_unescaped(name).lower() for name in names)


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(r"\1", text)
