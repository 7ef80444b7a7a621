"""Events of the YAML parser → plain data in YAML 1.2's core schema, within limits; refuses what hides or multiplies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from yaml import YAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from graymesh.diagnostic import Span
from graymesh.source import events, messages
from graymesh.source.limits import Limits
from graymesh.source.refusal import refusal, span_of
from graymesh.source.scalars import BOOLEANS_OF_YAML_1_1, NAMED, Scalar, core, disputed

_LEADING_ZERO: Final = re.compile(r"[-+]?0[0-9]+")
"""Ten to us, eight to readers of YAML 1.1: refused in specs too, where other disputed values are text anyway."""

_STRING_TAGS: Final = ("!", "tag:yaml.org,2002:str")
_LETTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz/_")
_SPECIAL: Final = frozenset(NAMED) | BOOLEANS_OF_YAML_1_1


@dataclass(frozen=True, slots=True)
class _Anchored:
    """A finished value with an anchor, and what one more use of it adds."""

    value: Any
    nodes: int
    characters: int
    height: int


class Builder:
    """Builds the documents of one text, one after the other. With `strict`, disputed scalars are refused.

    The same builder serves one text once. It raises `Refused` only.
    """

    def __init__(self, text: str, file: str, limits: Limits, *, strict: bool) -> None:
        self._text, self._file, self._limits, self._strict = text, file, limits, strict
        self._next = events.of(text)
        self._nodes = self._aliases = self._alias_characters = 0
        self._depth = self._deepest = 0
        self._last: Any = None
        self._anchors: dict[str, _Anchored | None] = {}

    def next_document(self) -> Any:
        """The event that starts the next document, None at the end of the text."""
        try:
            event = self._next()
            while type(event) is not DocumentStartEvent:
                if type(event) is StreamEndEvent:
                    return None
                event = self._next()
        except YAMLError as error:
            raise messages.refused(error, self._text, self._file) from None
        self._check_directives(event)
        return event

    def document(self) -> tuple[Any, Any]:
        """The data of the document just started, and the event of its root."""
        self._anchors.clear()
        try:
            root = self._next()
            value = self._value(root)
            if type(self._next()) is not DocumentEndEvent:
                raise AssertionError("a document has one root")
        except YAMLError as error:
            raise messages.refused(error, self._text, self._file) from None
        return value, root

    def _check_directives(self, event: Any) -> None:
        if event.tags:
            self._refuse(event, "GM004", "a %TAG directive changes what tags mean", "remove it")
        if event.version == (1, 1) and not self._strict:
            self._refuse(event, "GM002", "the file asks for YAML 1.1, graymesh reads YAML 1.2", "remove the %YAML line")

    def _value(self, event: Any) -> Any:
        kind = type(event)
        if kind is ScalarEvent:
            return self._scalar(event)
        if kind is AliasEvent:
            return self._alias(event)
        if event.tag is not None:
            self._refuse_tag(event)
        build = self._mapping if kind is MappingStartEvent else self._sequence
        return build(event) if event.anchor is None else self._anchored(event, build)

    def _mapping(self, start: Any) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        keys: list[Any] = []
        next_event, read_key, scalar = self._next, self._key, self._scalar
        self._enter(start)
        while type(event := next_event()) is not MappingEndEvent:
            key = read_key(event)
            if key in mapping:
                self._refuse_repetition(key, event, mapping, keys)
            keys.append(event)
            event = next_event()
            mapping[key] = scalar(event) if type(event) is ScalarEvent else self._value(event)
            self._nodes += 2
            if self._nodes > self._limits.nodes:
                self._refuse_size(event)
        self._last = event
        self._depth -= 1
        return mapping

    def _sequence(self, start: Any) -> list[Any]:
        sequence = []
        next_event = self._next
        self._enter(start)
        while type(event := next_event()) is not SequenceEndEvent:
            sequence.append(self._value(event))
            self._nodes += 1
            if self._nodes > self._limits.nodes:
                self._refuse_size(event)
        self._last = event
        self._depth -= 1
        return sequence

    def _enter(self, start: Any) -> None:
        self._depth += 1
        if self._depth > self._deepest:
            self._deepest = self._depth
            if self._depth > self._limits.depth:
                self._refuse_depth(start)

    def _scalar(self, event: Any) -> Scalar:
        if event.anchor is not None or event.tag is not None:
            return self._decorated(event)
        text: str = event.value
        if event.style:
            return text if event.style != '"' or text.isascii() else self._without_surrogates(event)
        if text and text[0] in _LETTERS and text not in _SPECIAL:
            return text
        return self._plain(event)

    def _plain(self, event: Any) -> Scalar:
        if (self._strict or _LEADING_ZERO.fullmatch(event.value)) and (reason := disputed(event.value)):
            self._refuse_disputed(event, reason)
        try:
            return core(event.value)
        except ValueError as error:
            self._refuse(event, "GM006", str(error), "put it in quotes if it is text")

    def _decorated(self, event: Any) -> Scalar:
        """A scalar with a tag, an anchor or both."""
        if event.tag is not None and event.tag not in _STRING_TAGS:
            self._refuse_tag(event)
        value: Scalar = event.value
        if event.tag is None and not event.style:
            value = self._plain(event)
        if event.anchor is not None:
            self._new_anchor(event)
            self._anchors[event.anchor] = _Anchored(value, 1, event.end_mark.index - event.start_mark.index, 0)
        return self._without_surrogates(event) if event.style == '"' else value

    def _without_surrogates(self, event: Any) -> str:
        try:
            event.value.encode()
        except UnicodeEncodeError:
            help = 'write the character itself, or all of it: "\\U0001F600"'
            self._refuse(event, "GM002", "half of a surrogate pair is not a character", help)
        return str(event.value)

    def _key(self, event: Any) -> str:
        if type(event) is not ScalarEvent:
            self._refuse(
                event, "GM010", "a key must be text, not a collection or an alias", "write the key as one word"
            )
        if event.value == "<<" and not event.style and event.tag is None:
            self._refuse(event, "GM005", "merge keys (`<<`) are not supported", "write the merged keys out")
        key = self._scalar(event)
        if type(key) is not str:
            kind = {bool: "a boolean", type(None): "nothing"}.get(type(key), "a number")
            help = f'quote it if it is meant as text: "{event.value}"'
            self._refuse(event, "GM010", f"the key `{event.value[:40]}` is {kind}, not text", help)
        return key

    def _alias(self, event: Any) -> Any:
        name = event.anchor
        target = self._anchors.get(name)
        if target is None:
            what = "is inside what it names" if name in self._anchors else "names nothing before it"
            self._refuse(event, "GM005", f"the alias `*{name}` {what}", "write the value out, or quote a text with `*`")
        self._aliases += 1
        self._nodes += target.nodes
        self._alias_characters += target.characters
        self._deepest = max(self._deepest, self._depth + target.height)
        if self._aliases > self._limits.aliases or self._alias_characters > self._limits.alias_characters:
            self._refuse(event, "GM005", "aliases expand to too much", "write the values out")
        if self._nodes > self._limits.nodes or self._deepest > self._limits.depth:
            self._refuse(event, "GM005", "aliases expand to too much", "write the values out")
        return target.value

    def _anchored(self, event: Any, build: Any) -> Any:
        self._new_anchor(event)
        before, nodes, characters = self._deepest, self._nodes, self._alias_characters
        self._deepest = self._depth
        value = build(event)
        length = self._last.end_mark.index - event.start_mark.index
        self._anchors[event.anchor] = _Anchored(
            value,
            self._nodes - nodes + 1,
            self._alias_characters - characters + length,
            self._deepest - self._depth,
        )
        self._deepest = max(before, self._deepest)
        return value

    def _new_anchor(self, event: Any) -> None:
        if event.anchor in self._anchors:
            self._refuse(event, "GM005", f"the anchor `&{event.anchor}` is defined twice", "give it another name")
        self._anchors[event.anchor] = None

    def _refuse_repetition(self, key: str, event: Any, mapping: dict[str, Any], keys: list[Any]) -> NoReturn:
        first = keys[list(mapping).index(key)]
        note = (span_of(first.start_mark, first.end_mark), "it is here first")
        self._refuse(event, "GM003", f"the key `{key}` appears twice in one mapping", "keep one of the two", note=note)

    def _refuse_tag(self, event: Any) -> NoReturn:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        self._refuse(
            event,
            "GM004",
            f"the tag `{tag[:80]}` is not supported",
            "remove it, or put a text that starts with `!` in quotes",
        )

    def _refuse_disputed(self, event: Any, reason: str) -> NoReturn:
        message = f"`{event.value[:80]}` without quotes is {reason}"
        self._refuse(event, "GM011", message, "put it in quotes if it is text, or write the value that is meant")

    def _refuse_size(self, event: Any) -> NoReturn:
        self._refuse(event, "GM006", f"more than {self._limits.nodes:,} keys and values", "split the file")

    def _refuse_depth(self, event: Any) -> NoReturn:
        self._refuse(event, "GM006", f"nested deeper than {self._limits.depth} levels", "flatten it", start_only=True)

    def _refuse(
        self,
        event: Any,
        code: str,
        message: str,
        help: str,
        *,
        note: tuple[Span, str] | None = None,
        start_only: bool = False,
    ) -> NoReturn:
        start, end = event.start_mark, event.end_mark
        span = span_of(start, start if start_only else end)
        raise refusal(self._file, code, message, span=span, help=help, note=note)
