"""Changes to nginx's configuration: every argument and directive once, and the named classes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from tests.mutations import oracles
from tests.mutations.mutant import Mutant, digits_changed, other
from tests.mutations.nginx_text import Directive, NginxText, Word

_CONNECTION = re.compile(r"\$gm_(upgrade|connection|host)|__told_|__from_proxy")
"""Blocks that say what services are told of the connection."""
_TOLD = re.compile(rf"__limited_|{_CONNECTION.pattern}")
"""Blocks that choose no version."""


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
        self.ordered = [found for found in self.maps if "=$" in found.values[0]]

    def all(self) -> Iterator[Mutant]:
        """The mutants of all classes."""
        for name in dir(self):
            if name.startswith("class_"):
                kind = name.removeprefix("class_").replace("_", " ").replace("catch all", "catch-all")
                for found, change, text in getattr(self, name)():
                    yield Mutant(found.place, change, text, kind)

    def class_weight(self) -> Iterator[tuple[Directive, str, str]]:
        """Which digits of what is drawn are whose."""
        for entry in (entry for block in self.maps if self._drawn(block) for entry in block.children):
            for index, new in digits_changed(self.nginx.text, entry.words[0].start, entry.words[0].end):
                start, end = entry.words[0].start, entry.words[0].end
                if entry.name != "default" and oracles.is_pattern(new[start:end].strip('"').replace(r"\z", "$")):
                    yield entry, f"digit at {index - start}", new

    def _drawn(self, block: Directive) -> bool:
        return block.values[0] == "$request_id" or re.fullmatch(r"(\$\w+_digit(_\d)?){4}", block.values[0]) is not None

    def class_map_entry_dropped(self) -> Iterator[tuple[Directive, str, str]]:
        for block in [*self.maps, *self.nginx.named("geo")]:
            if block not in self.ordered and not _TOLD.search(" ".join(block.values)):
                for entry in block.children:
                    if entry.name not in ("default", "proxy", "proxy_recursive"):
                        yield entry, "left out", self.nginx.without(entry)

    def class_connection_told(self) -> Iterator[tuple[Directive, str, str]]:
        for block in [*self.maps, *self.nginx.named("geo")]:
            for entry in block.children if _CONNECTION.search(" ".join(block.values)) else ():
                if entry.name != "default":
                    yield entry, "left out", self.nginx.without(entry)

    def class_limit_dropped(self) -> Iterator[tuple[Directive, str, str]]:
        for block in self.maps:
            for entry in block.children if "__limited_" in block.values[-1] else ():
                if entry.name != "default":
                    yield entry, "left out", self.nginx.without(entry)

    def class_routes_reordered(self) -> Iterator[tuple[Directive, str, str]]:
        for block in self.ordered:
            for one, two in pairwise(self._lines(block)):
                if one.values[0] != two.values[0]:
                    yield one, f"swapped with {two.name}", self.nginx.swapped(one, two)

    def class_route_dropped(self) -> Iterator[tuple[Directive, str, str]]:
        for block in self.ordered:
            for line in self._lines(block):
                yield line, "left out", self.nginx.without(line)

    def class_catch_all_dropped(self) -> Iterator[tuple[Directive, str, str]]:
        for found in self.ordered:
            for line in found.children:
                if line.name == "default" and line.values[0]:
                    yield line, "left out", self.nginx.without(line)

    def class_bucket_digit(self) -> Iterator[tuple[Directive, str, str]]:
        for entry in (entry for block in self.maps for entry in block.children):
            ranges = re.search(r"-ticket=(.*\d.*)\[ \\t\]\*\(\?:;", entry.words[0].text)
            if ranges:
                start, end = (entry.words[0].start + at for at in ranges.span(1))
                for index, new in digits_changed(self.nginx.text, start, end):
                    if oracles.is_pattern(new[start:end]):
                        yield entry, f"digit at {index - start} of {ranges[1]}: {new[start:end]}", new

    def class_cookie_value(self) -> Iterator[tuple[Directive, str, str]]:
        """The ticket that is handed out, and the cookies that audiences ask for."""
        for entry in (entry for block in self.maps for entry in block.children if "; Path=/" in entry.words[-1].text):
            yield entry, "another name", self._other_at(entry.words[-1].start + 1)
        for block in self.maps:
            for entry in block.children if block.values[0] == "$http_cookie" else ():
                asked = re.search(r"\*(\w)[\w.\\-]*=(\w)", entry.words[0].text)
                if asked and "-ticket=" not in entry.words[0].text:
                    yield entry, "another name", self._other_at(entry.words[0].start + asked.start(1))
                    yield entry, "another value", self._other_at(entry.words[0].start + asked.start(2))

    def class_hash_digit(self) -> Iterator[tuple[Directive, str, str]]:
        """The digits by which identities are drawn, and how often: uneven ones are no buckets."""
        for part in (part for draw in self.nginx.named("split_clients") for part in draw.children):
            if part.name != "*":
                less = f"{float(part.name[:-1]) - 0.25:g}%"
                yield part, f"→ {less}", self._with(part.words[0], less)
            if re.fullmatch("[0-9a-f]", part.values[0]):
                for index, new in digits_changed(self.nginx.text, part.words[1].start, part.words[1].end):
                    yield part, f"digit {index - part.words[1].start}", new

    def class_header_value(self) -> Iterator[tuple[Directive, str, str]]:
        for block in self.maps:
            if block in self.ordered:
                continue
            reads = block.values[0].startswith("$http_") and block.values[0] != "$http_cookie"
            sets = not reads and block.values[0].endswith("_version") and "__limited_" not in block.values[1]
            for entry in block.children:
                literal = re.match(r'"~\\A(\w)', entry.words[0].text)
                if reads and literal:
                    yield entry, "another value", self._other_at(entry.words[0].start + literal.start(1))
                if sets and self._plain(entry.words[1]):
                    yield entry, "another value", self._other_at(entry.words[1].inner[0])
        for found in self.nginx.named("proxy_set_header"):
            if found.values[1].endswith("_version"):
                yield found, "another header", self._other_at(found.words[1].inner[1] - 1)

    def class_destinations_swapped(self) -> Iterator[tuple[Directive, str, str]]:
        for block in self.maps:
            for one, two in pairwise(block.children if block.values[1].endswith("_drawn") else ()):
                if one.values[0] != two.values[0]:
                    edits = self._edit(one.words[1], two.words[1].text), self._edit(two.words[1], one.words[1].text)
                    yield one, f"swapped with {two.name}", self.nginx.edited(*edits)

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

    def _lines(self, ordered: Directive) -> list[Directive]:
        """The lines of an ordered map that ask for something."""
        return [line for line in ordered.children if line.name != "default"]

    def _plain(self, word: Word) -> bool:
        return re.fullmatch(r"\w[\w ]*", word.value) is not None

    def _edit(self, word: Word, new: str) -> tuple[int, int, str]:
        return word.start, word.end, new

    def _with(self, word: Word, new: str) -> str:
        return self.nginx.edited(self._edit(word, new))

    def _other_at(self, index: int) -> str:
        return self.nginx.edited((index, index + 1, other(self.nginx.text[index])))
