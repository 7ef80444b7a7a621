"""Tickets in what artifacts say: which buckets a cookie that somebody sets stands for."""

from __future__ import annotations

from dataclasses import replace

from graymesh.ir.buckets import ALL
from graymesh.ir.release import TICKET, Intervals, SetCookie
from graymesh.ir.tickets import bucket_of


def passed_on(cookie: SetCookie | None, pair: tuple[str, str] | None) -> tuple[SetCookie | None, dict[str, str]]:
    """The cookie with whether the version gets it too, when this pair (name, value) is put beside the client's cookies.

    A pair of its own, which the answer does not set, is a header of the request; no spec can ask for one.
    """
    if cookie and pair == (cookie.name, cookie.value):
        return replace(cookie, passed_on=True), {}
    shown = "the ticket" if pair and pair[1] == TICKET else pair and pair[1]
    return cookie, {"cookie": f"{pair[0]}={shown} beside the client's own"} if pair else {}


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
