"""A request in words and as a command line, for people who want to see the difference themselves."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from graymesh.ir.semantics import Request

_PLAIN = Request()


def in_words(request: Request) -> str:
    """What is special about the request: `GET /api with header x-gray-version: v2 from 203.0.113.9`."""
    return " ".join([f"{request.method} {request.path}{_query(request)}", *_details(request)])


def as_command(request: Request) -> str:
    """A curl command that sends the request; what curl cannot set, claims and addresses, follows as a comment."""
    words = ["curl"]
    if request.method != "GET":
        words += ["-X", request.method]
    for name, value in request.headers:
        words += ["-H", f"{name}: {value}"]
    if request.cookies:
        words += ["-b", "; ".join(f"{name}={value}" for name, value in request.cookies)]
    words.append(f"http://{request.host or 'localhost'}{request.path}{_query(request)}")
    notes = [f"claim {name}={value}" for name, value in request.claims]
    notes += [f"from {request.source}"] if request.source != _PLAIN.source else []
    return shlex.join(words) + (f"  # {', '.join(notes)}" if notes else "")


def _query(request: Request) -> str:
    return "?" + "&".join(f"{name}={value}" for name, value in request.query) if request.query else ""


def _details(request: Request) -> Iterator[str]:
    parts = [f"header {name}: {value}" for name, value in request.headers]
    parts += [f"cookie {name}={value}" for name, value in request.cookies]
    parts += [f"claim {name}={value}" for name, value in request.claims]
    if parts:
        yield "with " + " and ".join(parts)
    if request.host:
        yield f"to {request.host}"
    if request.source != _PLAIN.source:
        yield f"from {request.source}"
