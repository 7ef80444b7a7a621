"""What somebody may have meant: the nearest of a few known words. Used only once something is wrong."""

from __future__ import annotations

from collections.abc import Iterable

_SHOWN = 60
_LISTED = 12
SURE = 0.75
"""Three letters in four: `stabel` and `stable`, not `time` and `timeout`."""


def nearest(word: str, options: Iterable[str], alike: float = 0.6) -> str | None:
    """The option most like the word, or None when none is near; case, `-`, `_` and blanks do not count.

    `alike` is the least share of letters in common, as difflib's ratio counts them.
    """
    from difflib import get_close_matches

    plain = {_plain(option): option for option in options}
    found = get_close_matches(_plain(word[:_SHOWN]), plain, n=1, cutoff=alike)
    return plain[found[0]] if found else None


def certain(word: str, options: Iterable[str]) -> str | None:
    """The option that the word must have meant: the only near one, with the same digits; None when there is a doubt.

    Digits mean something of their own: `v3` is no misspelt `v2`, and `gray-50` no misspelt `gray-5`.
    """
    from difflib import get_close_matches

    known = list(dict.fromkeys(options))
    plain = [_plain(option) for option in known]
    asked = _plain(word[:_SHOWN])
    near = [asked] if asked in plain else get_close_matches(asked, plain, n=2, cutoff=SURE)
    if len(near) != 1 or plain.count(near[0]) != 1:
        return None
    found = known[plain.index(near[0])]
    return found if _digits(found) == _digits(word) else None


def suggestion(word: str, options: Iterable[str]) -> str:
    """`did you mean 'retries'?`, else the options there are, else nothing."""
    known = list(options)
    near = nearest(word, known)
    if near is not None:
        return f"did you mean {quoted(near)}?"
    return f"known: {listed(known)}" if known else ""


def listed(words: Iterable[str]) -> str:
    """`'a', 'b', 'c'`, cut short after a dozen."""
    known = list(words)
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return ", ".join(map(quoted, known[:_LISTED])) + more


def quoted(value: str) -> str:
    """The value in quotes, control characters escaped, cut after 60 characters."""
    return repr(value) if len(value) <= _SHOWN else repr(value[:_SHOWN])[:-1] + "…" + repr(value)[-1]


def _digits(word: str) -> str:
    return "".join(char for char in word if char.isdigit())


def _plain(word: str) -> str:
    return word.lower().translate({ord(char): None for char in "-_ "})
