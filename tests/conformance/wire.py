"""Requests as bytes over kept-alive connections, many at a time, so that exactly what is meant is on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from graymesh.semantics import Request

_CONNECTIONS: Final = 8
_TIMEOUT_SECONDS: Final = 30.0


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


def as_bytes(request: Request, host: str, headers: Sequence[tuple[str, str]] = ()) -> bytes:
    """The request's head; all cookies in one header. `headers` come on top. Claims are left to the caller."""
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in request.query)
    target = request.path + (f"?{query}" if query else "")
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (*request.headers, *headers)]
    if request.cookies:
        lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in request.cookies))
    if request.method in ("POST", "PUT", "PATCH", "DELETE"):
        lines.append("Content-Length: 0")
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n"


def exchange(address: tuple[str, int], requests: Sequence[bytes], connections: int = _CONNECTIONS) -> list[Response]:
    """The answers, in the order of the requests. Raises OSError, EOFError or TimeoutError when one is not had."""
    return asyncio.run(_exchange(address, requests, connections))


async def _exchange(address: tuple[str, int], requests: Sequence[bytes], connections: int) -> list[Response]:
    waiting = list(enumerate(requests))[::-1]
    found: dict[int, Response] = {}

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(*address)
        try:
            while waiting:
                number, request = waiting.pop()
                writer.write(request)
                found[number] = await asyncio.wait_for(_response(reader, request), _TIMEOUT_SECONDS)
                if (found[number].first("connection") or "").lower() == "close":
                    writer.close()
                    reader, writer = await asyncio.open_connection(*address)
        finally:
            writer.close()

    await asyncio.gather(*(connection() for _ in range(min(connections, len(requests)))))
    return [found[number] for number in range(len(requests))]


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
