"""Tickets in what artifacts say: which buckets a cookie that somebody sets stands for."""

from __future__ import annotations

from dataclasses import replace

from graymesh.ir.buckets import ALL
from graymesh.ir.release import TICKET, Intervals, SetCookie
from graymesh.ir.tickets import bucket_of


def handed_out(cookie: SetCookie | None) -> tuple[SetCookie | None, Intervals]:
    """The cookie, with `TICKET` for a fixed ticket, and the buckets of what it hands out.

    Any bucket for `TICKET` itself, one for a fixed ticket, none for other cookies and for no cookie.
    """
    if cookie is None:
        return None, ()
    if cookie.value == TICKET:
        return cookie, ALL
    bucket = bucket_of(cookie.value)
    return (cookie, ()) if bucket is None else (replace(cookie, value=TICKET), ((bucket, bucket),))
