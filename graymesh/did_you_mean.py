"""What somebody may have meant: the nearest of a few known words. Used only once something is wrong."""

from __future__ import annotations

from collections.abc import Iterable

_SHOWN = 60
_LISTED = 12


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option most like the word, or None when none is near; case, `-`, `_` and blanks do not count."""
    from difflib import get_close_matches

    plain = {_plain(option): option for option in options}
    found = get_close_matches(_plain(word[:_SHOWN]), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


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


def _plain(word: str) -> str:
    return word.lower().translate({ord(char): None for char in "-_ "})
