"""Everything a field can hold, as far as given matchers can tell: finitely many states, each with a witness.

Words, prefixes and patterns go through automata, buckets and networks through intervals, methods one by one.
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Final

from graymesh.ir.release import (
    BUCKET_COUNT,
    Absent,
    Buckets,
    Kind,
    Matcher,
    Networks,
    OneOf,
    Present,
)
from graymesh.ir.tickets import bucket_of, ticket_of
from graymesh.proof.normal_form import UndecidableError
from graymesh.proof.regex.automata import Explored, TooLargeError, truths
from graymesh.proof.regex.domain import ALWAYS_THERE, METHODS, alike, domain, inside
from graymesh.proof.regex.portable import parse, pattern_of
from graymesh.proof.regex.tree import NEVER, Chars, Concat, Node, Union, chars_of
from graymesh.proof.samples import likely

MOST_STATES: Final = 5_000
"""So many states of one field are told apart."""

_WORDS: Final = {
    Kind.PATH: ("/", "/other"),
    Kind.HOST: ("shop.example.com", "other.example.com"),
    Kind.METHOD: (*METHODS, "PURGE"),
}
_PLAIN_WORDS: Final = ("other", "v1", "1")
_PLAIN_SOURCES: Final = ("192.0.2.1", "198.51.100.1", "203.0.113.1", "10.0.0.1", "2001:db8::1")
_MAPPED_BEGIN: Final = 0xFFFF << 32
_MAPPED_END: Final = _MAPPED_BEGIN + (1 << 32)


@dataclass(frozen=True, slots=True)
class State:
    """What a field holds: no value, one, or with cookies and claims several; bit i of `truth`: does matcher i hold?

    `alike` when all engines read these values alike.
    """

    values: tuple[str, ...]
    truth: int
    alike: bool = True


def states(kind: Kind, matchers: tuple[Matcher, ...]) -> tuple[State, ...]:
    """As `explored_states`, without what it took."""
    return explored_states(kind, matchers)[0]


@lru_cache(maxsize=4096)
def explored_states(kind: Kind, matchers: tuple[Matcher, ...], unseen: str = "") -> tuple[tuple[State, ...], int]:
    """All states of no or one value that the matchers (as `normal_form.simplest` gives them) tell apart, each once;
    and how many states of automata were explored to find them.

    A value that engines read alike stands for the state where there is one; none holds a character of `unseen`.
    Raises UndecidableError beyond the limits.
    """
    explored = Explored()
    found = {} if kind in ALWAYS_THERE else {_mask(matchers, Absent): State((), _mask(matchers, Absent))}
    present = _mask(matchers, Present)
    for truth, value in _valued(kind, matchers, unseen, explored):
        state = State((value,), truth | present, kind is Kind.SOURCE or inside(kind, value))
        known = found.get(state.truth)
        if known is None or (state.alike and not known.alike):
            found[state.truth] = state
    return tuple(found.values()), explored.states


def _mask(matchers: Sequence[Matcher], wanted: type[Present | Absent]) -> int:
    return sum(1 << index for index, matcher in enumerate(matchers) if isinstance(matcher, wanted))


def _valued(kind: Kind, matchers: tuple[Matcher, ...], unseen: str, explored: Explored) -> Iterator[tuple[int, str]]:
    """Truths of single values, with witnesses; the first witness of a truth is the one to take."""
    if kind is Kind.SOURCE:
        return _addresses(matchers)
    if all(isinstance(matcher, OneOf | Buckets | Present | Absent) for matcher in matchers):
        return ((truth, value) for truth, value in _listed_truths(kind, matchers) if not set(unseen) & set(value))
    return _by_automata(kind, matchers, unseen, explored)


def _listed_truths(kind: Kind, matchers: tuple[Matcher, ...]) -> Iterator[tuple[int, str]]:
    """Which matchers take each listed value, with every matcher looked at once."""
    words: dict[str, int] = {}
    changes = [0] * (BUCKET_COUNT + 1)
    for index, matcher in enumerate(matchers):
        for value in matcher.values if isinstance(matcher, OneOf) else ():
            words[value] = words.get(value, 0) | 1 << index
        for low, high in matcher.intervals if isinstance(matcher, Buckets) else ():
            changes[low] ^= 1 << index
            changes[high + 1] ^= 1 << index
    present, numbers = _mask(matchers, Present), list(accumulate(changes, operator.xor))
    for value in _listed(kind, matchers):
        bucket = bucket_of(value)
        yield present | words.get(value, 0) | (0 if bucket is None else numbers[bucket]), value


def _words(kind: Kind) -> tuple[str, ...]:
    return _WORDS.get(kind, _PLAIN_WORDS)


def _listed(kind: Kind, matchers: tuple[Matcher, ...]) -> Iterator[str]:
    """A value of every kind that lists of words and of buckets can tell apart: each word, each span, something else."""
    words = {value for matcher in matchers if isinstance(matcher, OneOf) for value in matcher.values}
    yield next(_strangers(kind, words))
    yield from sorted(words)
    spans = [span for matcher in matchers if isinstance(matcher, Buckets) for span in matcher.intervals]
    if spans:
        edges = {0, *(low for low, _ in spans), *(high + 1 for _, high in spans)}
        yield from (_stranger_of(low, words) for low in sorted(edges) if low < BUCKET_COUNT)


def _stranger_of(bucket: int, known: set[str]) -> str:
    """A ticket of the bucket that is not among the known words."""
    heads = (f"{number:04x}" for number in range(len(known) + 1))
    return next(ticket for head in heads if (ticket := ticket_of(bucket, head)) not in known)


def _strangers(kind: Kind, known: set[str]) -> Iterator[str]:
    """Plain words that are not among the known ones; more than there can be known ones."""
    yield from (word for word in _words(kind) if word not in known)
    yield from (word for number in range(len(known) + 1) if (word := f"{_words(kind)[-1]}{number}") not in known)


def _by_automata(
    kind: Kind, matchers: tuple[Matcher, ...], unseen: str, explored: Explored
) -> Iterator[tuple[int, str]]:
    """Each truth once by a value that engines read alike, and once by another, as far as there are such values."""
    words = (*_words(kind), *(value for matcher in matchers for value in likely(matcher)))
    every, seen = (1 << len(matchers)) - 1, set[int]()
    try:
        nodes = [*(_node(matcher) for matcher in matchers), alike(kind)]
        for truth, value in truths(domain(kind, unseen), nodes, words, explored=explored):
            yield truth & every, value
            seen.add(truth & every)
            if len(seen) > MOST_STATES:
                raise UndecidableError(f"the matchers of one {kind} have more than {MOST_STATES} states")
    except TooLargeError as error:
        raise UndecidableError(f"the patterns of one {kind} are too large together: {error}") from None


def _node(matcher: Matcher) -> Node:
    """The values of a matcher as a pattern; Present and Absent say nothing of values."""
    if isinstance(matcher, OneOf):
        return Union(tuple(map(_text, matcher.values)))
    return NEVER if isinstance(matcher, Networks | Present | Absent) else parse(pattern_of(matcher))


def _text(value: str) -> Node:
    return Concat(tuple(Chars(chars_of(char)) for char in value))


def _addresses(matchers: tuple[Matcher, ...]) -> Iterator[tuple[int, str]]:
    """An address of every span that the networks cut out; addresses of the documentation networks where they fit."""
    spans = [*_spans(matchers, 4), *_spans(matchers, 6)]
    plain = [(ipaddress.ip_address(text), text) for text in _PLAIN_SOURCES]
    for address, text in plain:
        yield next((truth, text) for low, high, truth in spans if low <= (address.version, int(address)) <= high)
    for (version, low), (_, high), truth in spans:
        number = low + (high > low)  # the first address of a network is not a host's
        yield truth, str(ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number))


def _spans(matchers: tuple[Matcher, ...], version: int) -> Iterator[tuple[tuple[int, int], tuple[int, int], int]]:
    """First and last address, as (version, number), of each span, and which matchers hold there."""
    changes = {0: 0, 1 << (32 if version == 4 else 128): 0}
    if version == 6:
        changes |= {_MAPPED_BEGIN: 0, _MAPPED_END: 0}
    for index, matcher in enumerate(matchers):
        for cidr in matcher.networks if isinstance(matcher, Networks) else ():
            network = ipaddress.ip_network(cidr)
            if network.version == version:
                for edge in (int(network.network_address), int(network.broadcast_address) + 1):
                    changes[edge] = changes.get(edge, 0) ^ (1 << index)
    truth = 0
    for low, after in pairwise(sorted(changes)):
        truth ^= changes[low]
        # Mapped addresses are IPv4 ones.
        if version == 4 or not _MAPPED_BEGIN <= low < _MAPPED_END:
            yield (version, low), (version, after - 1), truth
