"""WebSockets by hand (RFC 6455): services that say who they are and echo, and clients that see the whole answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY: Final = base64.b64encode(b"sixteen bytes 16").decode()
_TIMEOUT_SECONDS: Final = 10.0
_END: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Opened:
    """A handshake's answer, and what came back for the text that was sent after it, "" when nothing did."""

    status: int
    headers: Mapping[str, str]
    echo: str


@contextmanager
def echoing(addresses: Mapping[tuple[str, int], str]) -> Iterator[None]:
    """At each address a service of that name answers handshakes with 101 and texts with `name: text`; else with 200."""
    ready, told = threading.Event(), list[Callable[[], None]]()

    async def serve() -> None:
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        for (host, port), name in addresses.items():
            await asyncio.start_server(lambda reader, writer, name=name: _serve(reader, writer, name), host, port)
        told.append(lambda: loop.call_soon_threadsafe(end.set) and None)
        ready.set()
        await end.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    if not ready.wait(_TIMEOUT_SECONDS):
        raise RuntimeError("the services do not listen")
    try:
        yield
    finally:
        told[0]()
        thread.join(_TIMEOUT_SECONDS)


def opened(address: tuple[str, int], host: str, headers: Mapping[str, str]) -> Opened:
    """One handshake, one text and its echo."""
    return asyncio.run(asyncio.wait_for(_opened(address, host, headers), _TIMEOUT_SECONDS))


async def _opened(address: tuple[str, int], host: str, headers: Mapping[str, str]) -> Opened:
    reader, writer = await asyncio.open_connection(*address)
    fields = {"Host": host, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    fields |= {"Sec-WebSocket-Key": _KEY, **headers}
    writer.write("\r\n".join(["GET / HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items()), "", ""]).encode())
    status, found = _head(await reader.readuntil(_END))
    echo = ""
    try:
        if status == 101:
            writer.write(_masked("hello"))
            echo = await _text(reader)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()
    return Opened(status, found, echo)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> None:
    try:
        while True:
            _, headers = _head(await reader.readuntil(_END))
            await reader.readexactly(int(headers.get("content-length", "0")))
            told = [f"x-seen-{key}: {value}" for key, value in headers.items() if len(value) < 200]
            told += [f"x-served-by: {name}"]
            if headers.get("upgrade", "").lower() != "websocket":
                writer.write("\r\n".join(["HTTP/1.1 200 OK", "content-length: 0", *told, "", ""]).encode())
                continue
            accept = base64.b64encode(hashlib.sha1((headers["sec-websocket-key"] + _GUID).encode()).digest()).decode()
            switch = ["upgrade: websocket", "connection: upgrade", f"sec-websocket-accept: {accept}"]
            writer.write("\r\n".join(["HTTP/1.1 101 Switching Protocols", *switch, *told, "", ""]).encode())
            text = f"{name}: {await _text(reader)}".encode()
            writer.write(bytes([0x81, len(text)]) + text)
            await reader.read()
            return
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.transport.abort()


def _head(data: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = data.decode("latin-1").strip().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    word = first.split(" ")[1]
    return int(word) if word.isdigit() else 0, {key.strip().lower(): value.strip() for key, _, value in pairs}


def _masked(text: str) -> bytes:
    """A text as a client's frame: masked, here with zeros."""
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text.encode()


async def _text(reader: asyncio.StreamReader) -> str:
    """The next frame's text, of at most 125 bytes."""
    first, length = await reader.readexactly(2)
    if first & 0x0F != 1:
        return ""
    mask = await reader.readexactly(4) if length & 0x80 else bytes(4)
    data = await reader.readexactly(length & 0x7F)
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(data)).decode()
