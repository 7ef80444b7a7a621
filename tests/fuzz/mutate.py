"""Changed inputs: by bytes and lines, by words for nginx, and by the structure of YAML and JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from tests.fuzz import hostile, structure
from tests.fuzz.cases import Case

MOST_BYTES: Final = 300_000
"""Larger inputs are cut: they would say more about the machine than about graymesh. `scaling` goes further."""

_TOKEN: Final = re.compile(r"\s+|#[^\n]*|[{};]|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s{};]+", re.DOTALL)
_FOLDER_NAMES: Final = (
    "releases/c.yaml",
    "x/graymesh.yaml",
    "graymesh.yaml",
    "rendered/nginx/x.conf",
    "a b.yaml",
    "-x.yaml",
    "b\udcff.yaml",
)


def mutated(case: Case, other: Case, random: Random) -> Case:
    """The case with one to several changes, all in one file or some in each; `other` lends what is spliced in."""
    files = dict(case.files)
    for _ in range(1 if random.random() < 0.5 else random.randint(2, 6)):
        name = random.choice(sorted(files))
        lent = random.choice(sorted(other.files.values()))
        files[name] = _changed(name, files[name], lent, random)[:MOST_BYTES]
    if random.random() < 0.02:
        files = _moved(files, random)
    return Case(case.action, files)


def _changed(name: str, text: bytes, lent: bytes, random: Random) -> bytes:
    kind = random.random()
    if name.endswith(".conf"):
        return _words(text, lent, random) if kind < 0.75 else _lines_or_bytes(text, lent, random)
    if kind < 0.65:
        return structure.changed(text, lent, random, as_json=name.endswith(".json")) or _lines_or_bytes(
            text, lent, random
        )
    return _lines_or_bytes(text, lent, random)


def _moved(files: dict[str, bytes], random: Random) -> dict[str, bytes]:
    """A file under another name, or without its own."""
    name = random.choice(sorted(files))
    taken = files.pop(name)
    new = random.choice(_FOLDER_NAMES)
    return {**files, new: taken} if not any(path.startswith(f"{new}/") for path in files) else {**files, name: taken}


def _lines_or_bytes(text: bytes, lent: bytes, random: Random) -> bytes:
    return (_lines if random.random() < 0.5 else _bytes)(text, lent, random)


def _bytes(text: bytes, lent: bytes, random: Random) -> bytes:
    start = random.randint(0, len(text))
    end = min(len(text), start + random.choice((0, 1, 2, 8, 64, 512)))
    kind = random.randrange(7)
    if kind == 0:
        return text[:start] + random.choice(hostile.BYTES) + text[start:]
    if kind == 1:
        return text[:start] + random.choice(hostile.BYTES) + text[end:]
    if kind == 2:
        return text[:start] + text[end:]
    if kind == 3:
        return text[:end] + text[start:end] * _times(random, end - start) + text[end:]
    if kind == 4:
        return text[:start]
    if kind == 5:
        cut = random.randint(0, len(lent))
        return text[:start] + lent[cut : cut + 400] + text[end:]
    return text[:start] + bytes([random.randrange(256)]) + text[start + 1 :]


def _lines(text: bytes, lent: bytes, random: Random) -> bytes:
    lines = text.split(b"\n")
    at, end = sorted((random.randrange(len(lines) + 1), random.randrange(len(lines) + 1)))
    end = min(end, at + random.choice((1, 1, 2, 5)))
    kind = random.randrange(6)
    if kind == 0:
        lines[at:end] = []
    elif kind == 1:
        lines[at:at] = lines[at:end] * _times(random, sum(map(len, lines[at:end])))
    elif kind == 2:
        other = lent.split(b"\n")
        cut = random.randrange(len(other))
        lines[at:end] = other[cut : cut + random.choice((1, 3, 10))]
    elif kind == 3:
        lines[at:end] = [b" " * random.choice((1, 2, 4)) + line for line in lines[at:end]]
    elif kind == 4:
        lines[at:end] = [line[random.choice((1, 2)) :] for line in lines[at:end]]
    else:
        spot = random.randrange(len(lines))
        lines[spot] += random.choice(hostile.BYTES)
    return b"\n".join(lines)


def _words(text: bytes, lent: bytes, random: Random) -> bytes:
    words = _TOKEN.findall(text.decode("utf-8", "surrogateescape"))
    if not words:
        return random.choice(hostile.NGINX).encode()
    changes: Sequence[Callable[[list[str], bytes, Random], None]] = (
        _word_replaced, _word_replaced, _word_inserted, _words_swapped,
        _statement_repeated, _statement_gone, _statement_lent,
    )  # fmt: skip
    random.choice(changes)(words, lent, random)
    return "".join(words).encode("utf-8", "surrogateescape")


def _word_replaced(words: list[str], lent: bytes, random: Random) -> None:
    at = random.randrange(len(words))
    kind = random.random()
    new = random.choice(hostile.NGINX) if kind < 0.4 else random.choice(words) if kind < 0.7 else hostile.scalar(random)
    words[at] = random.choice((new, f'"{random.choice(hostile.REGEXES)}"', f"~{random.choice(hostile.REGEXES)}"))


def _word_inserted(words: list[str], lent: bytes, random: Random) -> None:
    words.insert(random.randrange(len(words) + 1), f" {random.choice(hostile.NGINX)} ")


def _words_swapped(words: list[str], lent: bytes, random: Random) -> None:
    one, two = random.randrange(len(words)), random.randrange(len(words))
    words[one], words[two] = words[two], words[one]


def _statement_repeated(words: list[str], lent: bytes, random: Random) -> None:
    start, end = _statement(words, random)
    part = words[start:end]
    words[end:end] = part * _times(random, sum(map(len, part)))


def _statement_gone(words: list[str], lent: bytes, random: Random) -> None:
    start, end = _statement(words, random)
    words[start:end] = []


def _statement_lent(words: list[str], lent: bytes, random: Random) -> None:
    other = _TOKEN.findall(lent.decode("utf-8", "surrogateescape")) or [";"]
    start, end = _statement(other, random)
    at = _statement(words, random)[0]
    words[at:at] = other[start:end]


def _statement(words: list[str], random: Random) -> tuple[int, int]:
    """From one word to the end of its statement or block."""
    start = random.randrange(len(words))
    depth = 0
    for end in range(start, len(words)):
        depth += {"{": 1, "}": -1}.get(words[end], 0)
        if depth <= 0 and words[end] in (";", "}"):
            return start, end + 1
    return start, len(words)


def _times(random: Random, length: int) -> int:
    """How often something is repeated: mostly once, sometimes as often as there is room for."""
    most = max(1, MOST_BYTES // (4 * max(1, length)))
    return min(most, random.choice((1, 1, 1, 1, 2, 3, 10, 50, 200, 1000, 5000)))
