"""Changes to nginx's configuration: every argument and directive once, and the named classes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tests.mutations import oracles
from tests.mutations.mutant import Mutant, digits_changed, other
from tests.mutations.nginx_text import Directive, NginxText, Word

_OFFER = re.compile(r"(?:\$\{\w+\}v\d\dc\d{3}|1\$\w+|1v\d\dc\d{3}) ")
"""One offer in the text of all of them: a question with what it stands for, or the draw that is always open."""


def named(text: str) -> Iterator[Mutant]:
    """The named classes of a configuration file; a script has none."""
    if not _script(text):
        yield from NginxNamed(text).all()


def sweep(text: str) -> Iterator[Mutant]:
    """Every word changed in each way, every directive left out; of a script every word and every line."""
    if _script(text):
        yield from _sweep_script(text)
        return
    nginx = NginxText(text)
    for found in nginx.all():
        for number, word in enumerate(found.words):
            for new in dict.fromkeys(new for new in _changes(text, word) if new != word.text):
                yield Mutant(
                    f"{found.place}[{number}]", f"{word.text} → {new}", nginx.edited((word.start, word.end, new))
                )
        yield Mutant(found.place, "left out", nginx.without(found))


def _script(text: str) -> bool:
    return text.startswith("//")


def _sweep_script(text: str) -> Iterator[Mutant]:
    start = 0
    for line in text.splitlines(keepends=True):
        for found in re.finditer(r"\w+", line):
            at = start + found.start()
            yield Mutant(line.strip(), f"{found[0]} → other", text[:at] + other(text[at]) + text[at + 1 :])
        if line.strip():
            yield Mutant(line.strip(), "left out", text[:start] + text[start + len(line) :])
        start += len(line)


def _changes(text: str, word: Word) -> Iterator[str]:
    """The word with one plain character or digit other, in other case, longer, and empty; escapes stay whole."""
    start, end = word.inner
    plain = [at for at in range(start, end) if text[at].isalnum() and text[at - 1] != "\\"]
    for at in {*plain[len(plain) // 2 :][:1], *[at for at in plain if text[at].isdigit()][:1]}:
        yield text[word.start : at] + other(text[at]) + text[at + 1 : word.end]
    yield "".join(text[at].swapcase() if at in plain else text[at] for at in range(word.start, word.end))
    yield text[word.start : end] + ("0" if text[end - 1].isdigit() else "x") + text[end : word.end]
    yield '""'


class NginxNamed:
    """The named classes of one file; every method is a class and yields its mutants."""

    def __init__(self, text: str) -> None:
        self.nginx = NginxText(text)
        self.maps = self.nginx.named("map")
        self.sets = {found.values[0]: found for found in self.nginx.named("set")}

    def all(self) -> Iterator[Mutant]:
        """The mutants of all classes."""
        for name in dir(self):
            if name.startswith("class_"):
                kind = name.removeprefix("class_").replace("_", " ").replace("catch all", "catch-all")
                for found, change, text in getattr(self, name)():
                    yield Mutant(found.place, change, text, kind)

    def class_weight(self) -> Iterator[tuple[Directive, str, str]]:
        for draw in self.nginx.named("split_clients"):
            parts = [part for part in draw.children if part.name != "*"]
            for part in parts:
                less = f"{float(part.name[:-1]) - 0.25:g}%"
                yield part, f"→ {less}", self._with(part.words[0], less)
            for one, two in pairwise(parts):
                if one.name != two.name:
                    edits = self._edit(one.words[0], two.name), self._edit(two.words[0], one.name)
                    yield one, f"swapped with {two.name}", self.nginx.edited(*edits)

    def class_map_entry_dropped(self) -> Iterator[tuple[Directive, str, str]]:
        for block in [*self.maps, *self.nginx.named("geo")]:
            for entry in block.children:
                if entry.name not in ("default", "proxy", "proxy_recursive") and "_limit_" not in block.values[-1]:
                    yield entry, "left out", self.nginx.without(entry)

    def class_limit_dropped(self) -> Iterator[tuple[Directive, str, str]]:
        for block in self.maps:
            for entry in block.children if "_limit_" in block.values[-1] else ():
                if entry.name.startswith("~"):
                    yield entry, "left out", self.nginx.without(entry)

    def class_routes_reordered(self) -> Iterator[tuple[Directive, str, str]]:
        for found, offers in self._offers():
            for one, two in pairwise(offers):
                if oracles.nginx_offers_differ(one[0], two[0]):
                    edits = (*one.span(), two[0]), (*two.span(), one[0])
                    yield found, f"{one[0]}swapped with {two[0]}", self._edited_inside(found.words[2], edits)

    def class_route_dropped(self) -> Iterator[tuple[Directive, str, str]]:
        for found, offers in self._offers():
            for offer in offers[:-1]:
                yield found, f"{offer[0]}left out", self._edited_inside(found.words[2], [(*offer.span(), "")])

    def class_catch_all_dropped(self) -> Iterator[tuple[Directive, str, str]]:
        for found, offers in self._offers():
            yield found, "the last left out", self._edited_inside(found.words[2], [(*offers[-1].span(), "")])

    def class_bucket_digit(self) -> Iterator[tuple[Directive, str, str]]:
        for entry in (entry for block in self.maps if "_cookie_" in block.values[0] for entry in block.children):
            ranges = re.search(r"\\1\(\?:([^()]*\d[^()]*)\)\[", entry.words[0].text)
            if ranges:
                start, end = (entry.words[0].start + at for at in ranges.span(1))
                for index, new in digits_changed(self.nginx.text, start, end):
                    if oracles.is_pattern(new[start:end]):
                        yield entry, f"digit at {index - start} of {ranges[1]}: {new[start:end]}", new

    def class_cookie_value(self) -> Iterator[tuple[Directive, str, str]]:
        for name, found in self.sets.items():
            start = self.nginx.text.index("=", found.start) + 1 if "=" in found.words[2].text else 0
            if name.startswith("$gm_mint_"):
                for index, new in digits_changed(self.nginx.text, start, start + 4):
                    yield found, f"digit {index - start}: {new[start : start + 4]}", new
            elif "$http_cookie" in found.words[2].text and self.nginx.text[start] != "\\":
                yield found, "another value", self._other_at(start)
                yield found, "another name", self._other_at(found.words[2].inner[0])

    def class_header_value(self) -> Iterator[tuple[Directive, str, str]]:
        for name, found in self.sets.items():
            if "_exact_" in name or (re.match(r"\$gm_(request|response)_", name) and self._plain(found.words[2])):
                yield found, "another value", self._other_at(found.words[2].inner[0])
        for found in self.nginx.named("proxy_set_header"):
            if self._plain_sets(found.values[1]):
                yield found, "another header", self._other_at(found.words[1].inner[1] - 1)

    def class_destinations_swapped(self) -> Iterator[tuple[Directive, str, str]]:
        found = [each for name, each in self.sets.items() if name.startswith("$gm_upstream_")]
        for one, two in pairwise(found):
            edits = self._edit(one.words[2], two.words[2].text), self._edit(two.words[2], one.words[2].text)
            yield one, f"swapped with {two.values[0]}", self.nginx.edited(*edits)

    def class_endpoint(self) -> Iterator[tuple[Directive, str, str]]:
        for found in self.nginx.named("server"):
            if found.above and found.above[-1].name == "upstream":
                yield found, "another port", self._other_at(found.words[1].inner[1] - 1)
                yield found, "left out", self.nginx.without(found)

    def class_timeout(self) -> Iterator[tuple[Directive, str, str]]:
        """All directives of one time at once, as one would change it."""
        found = [each for each in self.nginx.all() if re.fullmatch(r"proxy_\w+_timeout", each.name)]
        for time in sorted({each.values[0] for each in found}):
            alike = [each for each in found if each.values[0] == time]
            new = other(time[0]) + time[1:]
            yield alike[0], f"{time} → {new}", self.nginx.edited(*(self._edit(each.words[1], new) for each in alike))

    def _offers(self) -> list[tuple[Directive, Sequence[re.Match[str]]]]:
        found = self.sets.get("$gm_offers")
        return [(found, list(_OFFER.finditer(found.words[2].text)))] if found else []

    def _plain_sets(self, variable: str) -> bool:
        """Is it a variable that gets a plain value for every choice?"""
        found = [each for name, each in self.sets.items() if name.startswith(variable + "_")]
        return bool(found) and all(self._plain(each.words[2]) for each in found)

    def _plain(self, word: Word) -> bool:
        return re.fullmatch(r"\w[\w ]*", word.value) is not None

    def _edit(self, word: Word, new: str) -> tuple[int, int, str]:
        return word.start, word.end, new

    def _with(self, word: Word, new: str) -> str:
        return self.nginx.edited(self._edit(word, new))

    def _other_at(self, index: int) -> str:
        return self.nginx.edited((index, index + 1, other(self.nginx.text[index])))

    def _edited_inside(self, word: Word, edits: Sequence[tuple[int, int, str]]) -> str:
        return self.nginx.edited(*((word.start + start, word.start + end, new) for start, end, new in edits))
