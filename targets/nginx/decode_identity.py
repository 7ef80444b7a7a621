"""Which field of a request a list of cases amounts to: the identity that a draw hashes, or a value and else nothing."""

from __future__ import annotations

from graymesh.ir.release import Absent, Field, Present
from graymesh.targets.nginx.decode_lists import Entries, always
from graymesh.targets.nginx.decode_values import UNIQUE, Raw, field_of


def identity(entries: Entries) -> Field | None:
    """The field whose value the list gives, with a unique id where there is none."""
    values = {}
    for entry in entries:
        match entry.value:
            case (Raw() as raw,):
                values[raw] = entry.condition
    found = [raw for raw in values if raw != UNIQUE]
    known = field_of(found[0]) if len(values) == len(entries) == 2 and UNIQUE in values and found else None
    return known if known and _tells_presence(entries, known) else None


def _tells_presence(entries: Entries, known: Field) -> bool:
    """Is the first of two entries the one for requests with the field, or for those without?"""
    first, raw = entries[0], entries[0].value[0]
    if len(first.condition) != 1 or len(first.condition[0]) != 1 or first.condition[0][0].field != known:
        return False
    matcher = first.condition[0][0].matcher
    return isinstance(matcher, Absent) if raw == UNIQUE else isinstance(matcher, Present)


def settled_field(entries: Entries) -> Entries:
    """A list that gives a field's value when there is one, and else nothing, is that field."""
    if len(entries) == 2 and entries[1].value == () and len(entries[0].value) == 1:
        raw = entries[0].value[0]
        known = field_of(raw) if isinstance(raw, Raw) else None
        if known and _tells_presence(entries, known):
            return always((raw,))
    return entries
