"""Requests as bytes over kept-alive connections, many at a time, so that exactly what is meant is on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from graymesh.ir.semantics import Request
from tests.conformance.engine import Answer

_CONNECTIONS: Final = 8
_TIMEOUT_SECONDS: Final = 10.0
_AS_IT_IS: Final = "!$'()*,/:;=?@"
"""What a query's value may hold beside letters and digits; all else is escaped."""


@dataclass(frozen=True, slots=True)
class Response:
    """`headers` are (lower-case name, value) in order of appearance."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def first(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key == name), None)

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a header."""
        return tuple(value for key, value in self.headers if key == name)


_NOTHING: Final = Response(0, (), b"")


def as_bytes(request: Request, host: str, headers: Sequence[tuple[str, str]] = ()) -> bytes:
    """The request's head; all cookies in one header. `headers` come on top. Claims are left to the caller."""
    query = "&".join(f"{quote(name)}={quote(value, safe=_AS_IT_IS)}" for name, value in request.query)
    target = request.path + (f"?{query}" if query else "")
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (*request.headers, *headers)]
    if request.cookies:
        lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in request.cookies))
    if request.method in ("POST", "PUT", "PATCH", "DELETE"):
        lines.append("Content-Length: 0")
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n"


def answer(response: Response) -> Answer:
    """The answer as the suite looks at it."""
    return Answer(
        version=response.first("x-served-by"),
        set_cookies=response.every("set-cookie"),
        headers={":status": str(response.status), **dict(response.headers)},
    )


def exchange(address: tuple[str, int], requests: Sequence[bytes], connections: int = _CONNECTIONS) -> list[Response]:
    """The answers, in the order of the requests; status 0 where twice none comes in time. Raises OSError."""
    return asyncio.run(_exchange(address, requests, connections))


async def _exchange(address: tuple[str, int], requests: Sequence[bytes], connections: int) -> list[Response]:
    waiting = list(enumerate(requests))[::-1]
    found: dict[int, Response] = {}

    async def connection() -> None:
        open_ = await asyncio.open_connection(*address)
        while waiting:
            number, request = waiting.pop()
            for _ in range(2):  # an idle connection may have been closed by the other side
                found[number] = await _asked(*open_, request)
                if found[number].status == 0 or (found[number].first("connection") or "").lower() == "close":
                    open_[1].close()
                    open_ = await asyncio.open_connection(*address)
                if found[number].status:
                    break
        open_[1].close()

    await asyncio.gather(*(connection() for _ in range(min(connections, len(requests)))))
    return [found[number] for number in range(len(requests))]


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> Response:
    try:
        writer.write(request)
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            return await _response(reader, request)
    except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
        return _NOTHING


async def _response(reader: asyncio.StreamReader, request: bytes) -> Response:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
    plain = Response(status, headers, b"")
    if request.startswith(b"HEAD ") or status in (204, 304):
        return plain
    if (plain.first("transfer-encoding") or "").lower() == "chunked":
        return Response(status, headers, await _chunks(reader))
    return Response(status, headers, await reader.readexactly(int(plain.first("content-length") or 0)))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body
