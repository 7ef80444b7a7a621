"""One spelling for many: patterns rewritten so that those which mean the same mostly look the same.

Every rewriting keeps the language over values made of `alphabet`; what still looks different is left to automata.
"""

from __future__ import annotations

from itertools import product
from typing import Final

from graymesh.proof.regex.tree import (
    BEYOND,
    EMPTY,
    NEVER,
    Chars,
    Concat,
    Node,
    Repeat,
    Union,
    listed,
    nullable,
    render,
)

MOST_VALUES: Final = 256
"""Finite languages of up to so many values are listed."""

_WRITTEN_OUT: Final = 8


def normal(node: Node, alphabet: int) -> Node:
    """The node in its usual spelling for values made of `alphabet`; `NEVER` when it matches none of them."""
    match node:
        case Chars(mask):
            return Chars(mask & alphabet)
        case Concat(parts):
            return sequence(tuple(normal(part, alphabet) for part in parts))
        case Union(options):
            return _choice(tuple(normal(option, alphabet) for option in options))
        case Repeat(body, least, most):
            return _repeat(normal(body, alphabet), least, most)


def sequence(parts: tuple[Node, ...]) -> Node:
    """Normal nodes one after the other, as a normal node."""
    flat: list[Node] = []
    for part in parts:
        if part == NEVER:
            return NEVER
        for piece in part.parts if isinstance(part, Concat) else (part,):
            _append(flat, piece)
    return flat[0] if len(flat) == 1 else Concat(tuple(flat))


def values(node: Node, most: int = MOST_VALUES) -> tuple[str, ...] | None:
    """All values of a normal node, sorted, when they are few; None when there are more than `most`."""
    found = _listed(node, most)
    return None if found is None else tuple(sorted(set(found) - {""}))


def _append(flat: list[Node], piece: Node) -> None:
    """Adds the piece; neighbours of one body become one repetition when one of them is any: `a a*` is `a+`."""
    while flat and (isinstance(flat[-1], Repeat) or isinstance(piece, Repeat)):
        body, least, most = _times(flat[-1])
        other, more, limit = _times(piece)
        if body != other:
            break
        flat.pop()
        piece = Repeat(body, least + more, None if most is None or limit is None else most + limit)
    flat.append(piece)


def _times(node: Node) -> tuple[Node, int, int | None]:
    return (node.body, node.least, node.most) if isinstance(node, Repeat) else (node, 1, 1)


def _choice(options: tuple[Node, ...]) -> Node:
    flat = [piece for option in options for piece in (option.options if isinstance(option, Union) else (option,))]
    mask, others, empty = 0, dict[Node, str](), False
    for node in flat:
        if isinstance(node, Chars):
            mask |= node.mask
        elif node == EMPTY:
            empty = True
        else:
            others[node] = render(node)
    single: list[Node] = [Chars(mask)] if mask else []
    return _optional([*single, *sorted(others, key=lambda node: others[node])], empty)


def _optional(kept: list[Node], empty: bool) -> Node:
    if not kept:
        return EMPTY if empty else NEVER
    node = kept[0] if len(kept) == 1 else Union(tuple(kept))
    return Repeat(node, 0, 1) if empty and not nullable(node) else node


def _repeat(body: Node, least: int, most: int | None) -> Node:
    if body in (NEVER, EMPTY):
        return EMPTY if least == 0 or body == EMPTY else NEVER
    if most == 0:
        return EMPTY
    if nullable(body):
        least = 0
    if isinstance(body, Repeat):
        inner = _flattened(body, least, most)
        body, least, most = inner or (body, least, most)
    if least == most and least <= _WRITTEN_OUT and isinstance(body, Chars | Concat):
        return sequence((body,) * least)
    return body if (least, most) == (1, 1) else Repeat(body, least, most)


def _flattened(body: Repeat, least: int, most: int | None) -> tuple[Node, int, int | None] | None:
    """One repetition for two, where it reaches the same counts: `(a+)*` is `a*`, `(a?){3}` is `a{0,3}`."""
    if body.least > 1:
        return None
    if body.most is None or most is None:
        return body.body, least * body.least, None
    return (body.body, 0, most) if (body.least, body.most) == (0, 1) else None


def _listed(node: Node, most: int) -> list[str] | None:
    match node:
        case Chars(mask):
            return list(listed(mask)) if mask.bit_count() <= most and not mask & BEYOND else None
        case Concat(parts):
            return _products([_listed(part, most) for part in parts], most)
        case Union(options):
            found = [_listed(option, most) for option in options]
            known = [text for texts in found if texts is not None for text in texts]
            return known if None not in found and len(known) <= most else None
        case Repeat(body, least, limit):
            return _repeated(_listed(body, most), least, limit, most)


def _products(parts: list[list[str] | None], most: int) -> list[str] | None:
    known = [part for part in parts if part is not None]
    count = 1
    for part in known:
        count *= len(part)
    if len(known) < len(parts) or count > most:
        return None
    return ["".join(pieces) for pieces in product(*known)]


def _repeated(body: list[str] | None, least: int, limit: int | None, most: int) -> list[str] | None:
    if body is None or limit is None or len(body) ** limit > most or limit > most:
        return None
    found = [_products([body] * count, most) for count in range(least, limit + 1)]
    known = [text for texts in found if texts is not None for text in texts]
    return known if None not in found and len(known) <= most else None
