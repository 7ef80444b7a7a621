"""Tickets: the ids that users carry in a cookie, and the bucket that each of them stands for.

A ticket is at least eight characters of `0-9a-f-`, the last four of them hex digits: its bucket, 0000–ffff. So every
UUID in lower case is one, and nginx's `$request_id`; random digits stand at the end of every kind of UUID, not always
at its beginning. Nothing of it depends on a plan. A value of any other form is no ticket: its user is drawn anew.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from graymesh.ir.release import BUCKET_COUNT

HEAD: Final = "[0-9a-f-]{4,}"
"""What stands before the bucket, as a portable pattern."""

TICKET_PATTERN: Final = f"{HEAD}[0-9a-f]{{4}}"
"""A whole ticket, as a portable pattern."""

_TICKET: Final = re.compile(TICKET_PATTERN)
_SMALLEST_HEAD: Final = "0000"


def bucket_of(value: str) -> int | None:
    """The bucket of a ticket, 0–65,535; None for a value that is no ticket."""
    return int(value[-4:], 16) if _TICKET.fullmatch(value) else None


def ticket_of(bucket: int, head: str = _SMALLEST_HEAD) -> str:
    """A ticket of this bucket: `000003ff`. Raises ValueError for a number that is no bucket."""
    return f"{head}{written(bucket)}"


def written(bucket: int) -> str:
    """The bucket in its four hex digits: `03ff`. Raises ValueError for a number that is no bucket."""
    if not 0 <= bucket < BUCKET_COUNT:
        raise ValueError(f"{bucket} is no bucket")
    return f"{bucket:04x}"


def start_of(cohort: str) -> int:
    """Where a cohort's first canary begins: the first four hex digits of the SHA-256 of the cohort's name."""
    return int(hashlib.sha256(cohort.encode()).hexdigest()[:4], 16)


def cohort_name(namespace: str, name: str, first_canary: str) -> str:
    """The cohort of a release that names none, so that the same users are not first in every release."""
    return f"{namespace}/{name}/{first_canary}"
