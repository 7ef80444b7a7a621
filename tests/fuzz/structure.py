"""YAML and JSON as trees whose scalars stay as they are written, so that any of them can be anything."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import yaml

from tests.fuzz import hostile

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_NODES: Final = 20_000
_DEEPEST: Final = 120
_REPEATS: Final = (1, 1, 1, 2, 3, 10, 100, 1000)


@dataclass(slots=True)
class Tree:
    """`text` of a scalar as written; else pairs of keys (trees, or None in a list) and values. `sign` goes in front."""

    text: str = ""
    pairs: list[tuple[Tree | None, Tree]] | None = None
    mapping: bool = False
    sign: str = ""

    def all(self) -> list[Tree]:
        """This tree and everything below it."""
        found = [self]
        for tree in found:
            for key, value in tree.pairs or ():
                found += [key, value] if key else [value]
            if len(found) > _MOST_NODES:
                break
        return found


def changed(text: bytes, lent: bytes, random: Random, as_json: bool) -> bytes | None:
    """The text with one change of structure; None when it is no YAML."""
    trees, other = parsed(text), parsed(lent)
    if not trees:
        return None
    tree = random.choice(trees)
    _change(tree, random.choice(other or trees), random)
    if random.random() < 0.05:
        trees.append(random.choice(other or trees))
    return rendered(trees, as_json, flow=random.random() < 0.15)


def rendered(trees: list[Tree], as_json: bool, flow: bool) -> bytes:
    """The documents as text, the first alone as JSON."""
    writer = _Writer()
    if as_json:
        return writer.flow(trees[0]).encode("utf-8", "surrogatepass")
    style = writer.flow if flow else writer.block
    return "\n---\n".join(style(each).lstrip("\n") for each in trees).encode("utf-8", "surrogatepass") + b"\n"


def parsed(text: bytes) -> list[Tree] | None:
    """The documents of a text; None when it is no YAML or too much."""
    try:
        written = text.decode("utf-8")
        nodes = list(yaml.compose_all(written, Loader=_LOADER)) if len(written) < 100_000 else []
        return [_tree(node, written, 60) for node in nodes if node is not None] or None
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError):
        return None


def _tree(node: Any, text: str, depth: int) -> Tree:
    if depth < 0:
        raise ValueError
    if isinstance(node, yaml.ScalarNode):
        written = text[node.start_mark.index : node.end_mark.index]
        return Tree(text=json.dumps(node.value, ensure_ascii=False) if "\n" in written else written)
    if isinstance(node, yaml.MappingNode):
        pairs = [(_tree(key, text, depth - 1), _tree(value, text, depth - 1)) for key, value in node.value]
        return Tree(pairs=list(pairs), mapping=True)
    return Tree(pairs=[(None, _tree(item, text, depth - 1)) for item in node.value])


def _change(tree: Tree, other: Tree, random: Random) -> None:
    """One change at one place: of a scalar, of a collection's entries, or of the kind of a value."""
    nodes = tree.all()
    spot = random.choice(nodes)
    kind = random.random()
    if kind < 0.25 and _lent(nodes, other, random):
        return
    kind = random.random()
    if kind < 0.30:
        spot = random.choice([each for each in nodes if each.pairs is None] or nodes)
        _become(spot, Tree(text=hostile.scalar(random)))
    elif kind < 0.40:
        _become(spot, random.choice(other.all()))
    elif kind < 0.48:
        _become(spot, random.choice(nodes))
    elif kind < 0.56:
        _signed(nodes, random)
    elif kind < 0.60:
        _deepened(spot, random)
    else:
        _entries_changed(random.choice([each for each in nodes if each.pairs] or [tree]), other, random)


def _lent(nodes: list[Tree], other: Tree, random: Random) -> bool:
    """A value takes the place of one of the same key, so that much that comes out is good; False for no such pair."""
    own = [(key.text, value) for node in nodes for key, value in node.pairs or () if key]
    donors: dict[str, list[Tree]] = {}
    for node in other.all():
        for key, value in node.pairs or ():
            donors.setdefault(key.text if key else "", []).append(value)
    fitting = [(value, donors[name]) for name, value in own if name in donors]
    if fitting:
        value, lent = random.choice(fitting)
        _become(value, random.choice(lent))
    return bool(fitting)


def _become(tree: Tree, other: Tree) -> None:
    tree.text, tree.mapping, tree.sign = other.text, other.mapping, other.sign
    tree.pairs = None if other.pairs is None else list(other.pairs)


def _signed(nodes: list[Tree], random: Random) -> None:
    """An anchor and an alias of it, or a tag."""
    one, two = sorted((random.randrange(len(nodes)), random.randrange(len(nodes))))
    if random.random() < 0.7:
        nodes[one].sign = "&a "
        _become(nodes[two], Tree(text="*a"))
    else:
        nodes[one].sign = random.choice(("!!str ", "!x ", "!!binary ", "! ", "&b ", "!!map ", "!!set "))


def _deepened(tree: Tree, random: Random) -> None:
    for _ in range(random.choice((1, 2, 10, 63, 70, 300))):
        inner = Tree(tree.text, tree.pairs, tree.mapping, tree.sign)
        key = Tree(text="a") if random.random() < 0.5 else None
        tree.text, tree.pairs, tree.mapping, tree.sign = "", [(key, inner)], key is not None, ""


def _entries_changed(tree: Tree, other: Tree, random: Random) -> None:
    pairs = tree.pairs if tree.pairs is not None else []
    if not pairs:
        return
    at = random.randrange(len(pairs))
    key, value = pairs[at]
    kind = random.randrange(7)
    if kind == 0:
        del pairs[at]
    elif kind == 1:
        pairs[at:at] = [(key, value)] * random.choice(_REPEATS)
    elif kind == 2:
        count = random.choice(_REPEATS)
        pairs[at:at] = [(_numbered(key, number), value) for number in range(count)]
    elif kind == 3:
        random.shuffle(pairs)
    elif kind == 4 and key is not None:
        pairs[at] = (Tree(text=hostile.scalar(random)), value)
    elif kind == 5 and key is not None:
        pairs[at] = (random.choice([each for each, _ in other.pairs or () if each] or [key]), value)
    else:
        donors = [each for each in other.all() if each.pairs and each.mapping == tree.mapping] or [tree]
        pairs.insert(at, random.choice(random.choice(donors).pairs or [(key, value)]))


def _numbered(key: Tree | None, number: int) -> Tree | None:
    """Another key of the same kind; items of lists stay as they are."""
    if key is None:
        return None
    written = key.text.strip("\"'")
    return Tree(text=f'"{written}{number}"' if key.text[:1] in "\"'" else f"{written}{number}")


class _Writer:
    """Writes trees, which may hold themselves: no deeper and no more than is good, with `0` for the rest."""

    def __init__(self) -> None:
        self._left = _MOST_NODES

    def flow(self, tree: Tree, depth: int = 0) -> str:
        """On one line, as JSON if its scalars are."""
        self._left -= 1
        if tree.pairs is None:
            return tree.sign + tree.text
        if depth > _DEEPEST or self._left < 0:
            return "0"
        if tree.mapping:
            inside = ", ".join(f"{self._key(key)}: {self.flow(value, depth + 1)}" for key, value in tree.pairs)
            return f"{tree.sign}{{{inside}}}"
        return f"{tree.sign}[{', '.join(self.flow(value, depth + 1) for _, value in tree.pairs)}]"

    def block(self, tree: Tree, depth: int = 0) -> str:
        """Behind its key or dash: on the same line, or on lines of its own that begin with a line end."""
        if not tree.pairs or depth > _DEEPEST or self._left < 0:
            return self.flow(tree, depth)
        indent = "\n" + "  " * depth
        if tree.mapping:
            lines = (f"{self._key(key)}:{self._apart(value, depth + 1)}" for key, value in tree.pairs)
            return tree.sign + indent + indent.join(lines)
        return tree.sign + indent + indent.join(f"-{self._apart(value, depth + 1)}" for _, value in tree.pairs)

    def _key(self, key: Tree | None) -> str:
        return self.flow(key, _DEEPEST + 1) if key else "a"

    def _apart(self, tree: Tree, depth: int) -> str:
        text = self.block(tree, depth)
        return text if text.startswith("\n") else f" {text}"
