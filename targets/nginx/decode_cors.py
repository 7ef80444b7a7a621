"""An `if` that answers preflights, and headers for pages of other origins: what browsers are told, exactly.

Source: the manual of `if`, `return` and `add_header`: a block has only the headers that it adds itself when it adds
any; a condition that is a variable holds unless it is empty or `0`. And the Fetch standard's CORS protocol: without an
Access-Control-Allow-Origin that names its origin a page may do and read nothing, whatever else is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from graymesh.ir.preflights import PREFLIGHT
from graymesh.ir.release import (
    ALWAYS,
    SAFE_METHODS,
    WHOLE,
    Condition,
    Cors,
    Field,
    Kind,
    OneOf,
    Route,
    RouteTable,
    Share,
    Split,
)
from graymesh.ir.release import Test as Asked
from graymesh.kit.refusal import NotUnderstood
from graymesh.proof.equivalence import Equal, compare
from graymesh.targets.nginx.decode_effects import LocationOutput
from graymesh.targets.nginx.decode_evaluate import Evaluator
from graymesh.targets.nginx.decode_levels import Levels
from graymesh.targets.nginx.decode_lists import Entries, always, both
from graymesh.targets.nginx.decode_values import Pieces, Raw, literal_of, pieces_of
from graymesh.targets.nginx.quoting import Variable
from graymesh.targets.nginx.syntax import ParsedDirective

_ALLOW: Final = "access-control-allow-"
_ORIGIN: Final = f"{_ALLOW}origin"
_CREDENTIALS: Final = f"{_ALLOW}credentials"
_EXPOSE: Final = "access-control-expose-headers"
_OWN: Final = frozenset([_ORIGIN, _CREDENTIALS, _EXPOSE])
_AGE: Final = "access-control-max-age"
_ASKED: Final = frozenset([_ORIGIN, _CREDENTIALS, f"{_ALLOW}methods", f"{_ALLOW}headers", _AGE, "vary"])
_CONDITION: Final = re.compile(r"\(\$([A-Za-z0-9_]+)\)")
_ELSE_NO: Final[tuple[Condition, str]] = (ALWAYS, "no")
_FIELD: Final = Field(Kind.HEADER, "origin")

Values = Mapping[str, Entries]
"""Headers that are added, by name in lower case, each with its value as a decision list."""


def without_cors(
    location: ParsedDirective, found: Sequence[LocationOutput], levels: Levels, evaluator: Evaluator
) -> tuple[Cors | None, list[LocationOutput]]:
    """What browsers are told, None where nothing answers preflights; and what the location does besides.

    Raises NotUnderstood.
    """
    blocks = [each for each in location.body or () if each.name == "if"]
    mine = [each for each in found if each.role == "response" and each.name in (*_OWN, "vary")]
    if not blocks:
        for each in mine:
            if each.name == "vary":
                raise NotUnderstood("add_header", "Vary is added beside the upstream's own", each.where)
        return None, list(found)
    if len(blocks) > 1:
        raise NotUnderstood("if", "several of them", blocks[1])
    _check_preflights(blocks[0], evaluator)
    answers = {each.name: _entries(each.value, evaluator, each.where) for each in mine}
    hidden = {name.lower() for directive in levels.effective("proxy_hide_header") for name in directive.arguments}
    if not hidden >= _OWN:
        why = f"{min(_OWN - hidden)}: the service's own stands in the answer"
        raise NotUnderstood("proxy_hide_header", why, location)
    rest = [each for each in found if each not in mine]
    return _cors(_asked(blocks[0], evaluator), answers, blocks[0], location), rest


def _check_preflights(block: ParsedDirective, evaluator: Evaluator) -> None:
    """Are those requests answered that are preflights, and no others?"""
    condition = _CONDITION.fullmatch(" ".join(block.arguments))
    if condition is None:
        why = f"{' '.join(block.arguments)}: in a location only one that answers preflights is understood"
        raise NotUnderstood("if", why, block)
    entries = _entries((Variable(condition[1].lower()),), evaluator, block)
    held = [(each.condition, "no" if _text(each.value, block) in ("", "0") else "yes") for each in entries]
    if not _same(held, [(PREFLIGHT, "yes"), (ALWAYS, "no")]):
        raise NotUnderstood("if", "other requests than preflights are answered, or not all of them", block)
    last = (block.body or ())[-1:]
    if not last or last[0].name != "return" or last[0].arguments not in (("204",), ("200",)):
        raise NotUnderstood("if", "it does not end in return 204", block)


def _asked(block: ParsedDirective, evaluator: Evaluator) -> Values:
    """The headers of an answer to a preflight."""
    found: dict[str, Entries] = {}
    for each in (block.body or ())[:-1]:
        name, value, *rest = (*each.arguments, "", "")[: max(2, len(each.arguments))]
        known = each.name == "add_header" and name.lower() in _ASKED and rest == ["always"]
        if not known or name.lower() in found:
            raise NotUnderstood(each.name, "it is not understood in the answer to a preflight", each)
        found[name.lower()] = _entries(pieces_of(value), evaluator, each)
    return found


def _cors(asked: Values, answers: Values, block: ParsedDirective, location: ParsedDirective) -> Cors:
    origins = _origins(asked, block)
    if _origins(answers, location) != origins:
        raise NotUnderstood("add_header", "other origins are told so than in the answer to a preflight", location)
    for values, where in ((asked, block), (answers, location)):
        if _told(values, "vary", where) != "Origin":
            raise NotUnderstood("add_header", "Vary does not tell caches that answers differ by Origin", where)
    credentials = _told_with_origin(asked, _CREDENTIALS, block)
    if _told_with_origin(answers, _CREDENTIALS, location) != credentials:
        raise NotUnderstood("add_header", "credentials are allowed before a request, or with it, not both", location)
    age = _told(asked, _AGE, block)
    if age and not re.fullmatch("[0-9]{1,9}", age):
        raise NotUnderstood("add_header", f"{_AGE} {age} is not a number of seconds", block)
    return Cors(
        origins=origins,
        methods=tuple(each for each in _words(_told(asked, f"{_ALLOW}methods", block)) if each not in SAFE_METHODS),
        headers=_words(_told(asked, f"{_ALLOW}headers", block).lower()),
        expose=_words(_told_with_origin(answers, _EXPOSE, location).lower()),
        credentials=credentials == "true",
        max_age_seconds=int(age) if age else None,
    )


def _origins(values: Values, where: ParsedDirective) -> tuple[str, ...]:
    """The origins that are told their own name; being told another one is as good as nothing. Raises NotUnderstood."""
    told: list[tuple[Condition, str]] = []
    for each in values.get(_ORIGIN, ()):
        if each.value != (Raw("header", "origin"),):
            told.append((each.condition, _text(each.value, where)))
        elif named := _named(each.condition):
            told += [(_is(name), name) for name in named]
        else:
            raise NotUnderstood("add_header", f"{_ORIGIN} repeats origins that are not named one by one", where)
    candidates = sorted({text for _, text in told} - {""})
    if "*" in candidates:
        raise NotUnderstood("add_header", f"{_ORIGIN} * stands for every origin", where)
    return tuple(origin for origin in candidates if _is_told(origin, told, where))


def _is_told(origin: str, told: Sequence[tuple[Condition, str]], where: ParsedDirective) -> bool:
    """Is the origin told its own name? Raises NotUnderstood when that depends on more than the origin."""
    held = [(both(_is(origin), condition), "yes" if text == origin else "no") for condition, text in told]
    if _same([*held, _ELSE_NO], [(_is(origin), "yes"), _ELSE_NO]):
        return True
    if _same([*held, _ELSE_NO], [_ELSE_NO]):
        return False
    raise NotUnderstood("add_header", f"what {origin} is told depends on more than the origin", where)


def _told(values: Values, name: str, where: ParsedDirective) -> str:
    """The one text that everybody is told, "" for none. Raises NotUnderstood."""
    texts = {_text(each.value, where) for each in values.get(name, ())}
    if len(texts) > 1:
        raise NotUnderstood("add_header", f"{name} is told to some only", where)
    return texts.pop() if texts else ""


def _told_with_origin(values: Values, name: str, where: ParsedDirective) -> str:
    """The one text that those are told who are told an origin, and nobody else; "" for none. Raises NotUnderstood."""
    texts = {_text(each.value, where) for each in values.get(name, ())} - {""}
    if not texts:
        return ""
    if len(texts) > 1 or not _same(_filled(values[name]), _filled(values.get(_ORIGIN, ()))):
        raise NotUnderstood("add_header", f"{name} is not told to those alone who are told {_ORIGIN}", where)
    return texts.pop()


def _filled(entries: Entries) -> list[tuple[Condition, str]]:
    return [(each.condition, "yes" if each.value else "no") for each in entries]


def _named(condition: Condition) -> tuple[str, ...]:
    """The origins that a condition asks for, none when it asks for anything else."""
    names: list[str] = []
    for tests in condition:
        if len(tests) != 1 or tests[0].field != _FIELD or not isinstance(tests[0].matcher, OneOf):
            return ()
        names += tests[0].matcher.values
    return tuple(names)


def _is(origin: str) -> Condition:
    return ((Asked(_FIELD, OneOf((origin,))),),)


def _same(left: Iterable[tuple[Condition, str]], right: Iterable[tuple[Condition, str]]) -> bool:
    return isinstance(compare(_table(left), _table(right)), Equal)


def _table(entries: Iterable[tuple[Condition, str]]) -> RouteTable:
    """A decision list of texts as routes that lead to them."""
    return RouteTable(
        tuple(
            Route(name=f"{number}", condition=condition, split=Split((Share(version=f"={text}", basis_points=WHOLE),)))
            for number, (condition, text) in enumerate(entries)
        )
    )


def _entries(value: Pieces, evaluator: Evaluator, where: ParsedDirective) -> Entries:
    try:
        found = evaluator.substituted(value)
        only = found[0] if len(found) == 1 else None
        entries = evaluator.entries(only.name) if isinstance(only, Variable) else always(found)
    except NotUnderstood as refused:
        raise NotUnderstood(refused.field, refused.message, refused.where or where) from refused
    if any(each.draws for each in entries):
        raise NotUnderstood(where.name, "chance decides what browsers are told", where)
    return entries


def _text(value: Pieces, where: ParsedDirective) -> str:
    text = literal_of(value)
    if text is None:
        raise NotUnderstood(where.name, "what browsers are told depends on more than the origin", where)
    return text


def _words(text: str) -> tuple[str, ...]:
    found = {word.strip() for word in text.split(",")} - {""}
    if "*" in found:
        raise NotUnderstood("add_header", "* stands for all of them")
    return tuple(sorted(found))
