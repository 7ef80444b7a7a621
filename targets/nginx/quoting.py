"""The one way in which values become nginx tokens: literals, values with variables, map keys, comments.

Source of the rules: `ngx_conf_read_token` (quotes and backslashes), `ngx_http_script_compile` (variables),
`ngx_http_map` (special words of a map), read in nginx 1.22.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

LONGEST: Final = 4090
"""Bytes of a token in the file; nginx reads into a buffer of 4,096 and fails on a token that fills it."""

DOLLAR: Final = "gm_dollar"
"""The variable that holds a dollar sign: inside of a value nginx has no other way to write one."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:/=+,*%@-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LONGEST_VARIABLE: Final = 120
"""Characters of a variable's name; several of them fit into a bucket of the size that the shared file asks for."""

_VARIABLE: Final = re.compile(rf"[a-z0-9_]{{1,{LONGEST_VARIABLE}}}")
_NOT_IN_COMMENTS: Final = re.compile(r"""[^!%&()*+,./0-9:<=>?@A-Z\[\]^_a-z|~ -]""")
_SPECIAL_KEYS: Final = frozenset(["default", "hostnames", "include", "volatile"])
_TELLING_BACKSLASH: Final = re.compile(r"""\\(?=["'\\trn\t\r\n]|\Z)""")
_BRACES_TO_SPARE: Final = re.compile(r"\$\{([a-z0-9_]+)\}(?![A-Za-z0-9_])")
_ESCAPES: Final = str.maketrans({'"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


class UnwritableError(ValueError):
    """A value that no nginx file can hold; the message says why. Lint refuses these before anything is lowered."""


class Variable(NamedTuple):
    """A variable by its name, without the dollar sign."""

    name: str


Part: TypeAlias = str | Variable
Value: TypeAlias = tuple[Part, ...]
"""Literal text and variables, one after the other."""


@lru_cache(maxsize=16384)
def token(text: str) -> str:
    """Literal text as one token, in which no character means anything to nginx. Raises UnwritableError."""
    if _PLAIN.fullmatch(text):
        return _limited(text)
    return _limited(f'"{_escaped(text)}"')


@lru_cache(maxsize=16384)
def value(parts: Value) -> str:
    """Text with variables as one token; a dollar sign in literal text stays one. Raises UnwritableError."""
    if not any(isinstance(part, Variable) or "$" in part for part in parts):
        return token("".join(map(str, parts)))
    pieces = [_reference(part.name) if isinstance(part, Variable) else _inside(part) for part in parts]
    text = _BRACES_TO_SPARE.sub(r"$\1", "".join(pieces))
    plain = all(isinstance(part, Variable) or _PLAIN.fullmatch(part) for part in parts)
    return _limited(text if plain else f'"{text}"')


def map_key(text: str) -> str:
    """A literal key of a map, never one of its special words and never a regular expression."""
    special = text in _SPECIAL_KEYS or text.startswith(("~", "\\"))
    return token("\\" + text if special else text)


def map_regex(pattern: str) -> str:
    """A key of a map that is a case-sensitive regular expression."""
    return token("~" + pattern)


def comment(text: str) -> str:
    """A comment on one line; a question mark stands for every character that could end it or open something."""
    return f"# {_NOT_IN_COMMENTS.sub('?', text)}"


def variable_name(name: str) -> str:
    """The name of a variable; longer ones do not fit into nginx's hash of variables. Raises UnwritableError."""
    if not _VARIABLE.fullmatch(name):
        raise UnwritableError(f"not a variable's name: {name!r}")
    return name


def header_variable(prefix: str, header: str) -> Variable:
    """The variable that reads a header: (`http_`, `x-gray-version`) → `$http_x_gray_version`. Raises UnwritableError.

    nginx drops request headers with an underscore, unless it is told not to.
    """
    if not re.fullmatch(r"[a-z0-9-]+", header):
        raise UnwritableError(f"nginx has no variable for the header {header!r}")
    return Variable(prefix + header.replace("-", "_"))


def _reference(name: str) -> str:
    return f"${{{variable_name(name)}}}"


def _inside(text: str) -> str:
    return _escaped(text).replace("$", _reference(DOLLAR))


def _escaped(text: str) -> str:
    """nginx drops a backslash before a quote or a backslash, and reads \\t, \\r and \\n as one character."""
    if _CONTROL.search(text):
        raise UnwritableError(f"a control character in {text!r}")
    return _TELLING_BACKSLASH.sub(r"\\\\", text).translate(_ESCAPES)


def _limited(text: str) -> str:
    if len(text) > LONGEST // 4 and len(text.encode()) > LONGEST:
        raise UnwritableError(f"a token of {len(text.encode())} bytes; nginx takes {LONGEST}")
    return text
