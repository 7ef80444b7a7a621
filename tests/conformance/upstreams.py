"""Services that say who they are: each address answers with itself and with the headers that it was sent.

`python -m tests.conformance.upstreams` reads `["127.1.1.1:80", …]` as a line of JSON from standard input, says a line
when it listens, and ends when its input does.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final, cast

_END: Final = b"\r\n\r\n"
_UNTOLD: Final = frozenset(["host", "connection", "content-length", "transfer-encoding", "accept"])
"""Headers that no spec sets; telling them would cost time only."""

_LONGEST: Final = 256


@contextmanager
def serving(addresses: Iterable[str]) -> Iterator[None]:
    """All these addresses of loopback answer until the block ends. Raises RuntimeError when one is taken."""
    command = [sys.executable, "-m", "tests.conformance.upstreams"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps(sorted(set(addresses))) + "\n")
    process.stdin.flush()
    said = process.stdout.readline().strip()
    try:
        if said != "listening":
            raise RuntimeError(f"the upstreams do not start: {said}")
        yield
    finally:
        process.stdin.close()
        process.wait(timeout=20)


class _Upstream(asyncio.Protocol):
    """One connection; requests follow each other on it, an answer is one write."""

    def __init__(self) -> None:
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        host, port = transport.get_extra_info("sockname")[:2]
        self._name = f"{host}:{port}"

    def data_received(self, data: bytes) -> None:
        self._data += data
        while _END in self._data:
            head, _, rest = self._data.partition(_END)
            lines = head.decode("latin-1").split("\r\n")
            headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
            known = dict(headers)
            length = int(known.get("content-length") or 0)
            if len(rest) < length:
                return
            self._data = rest[length:]
            self._answer(lines[0], headers, known.get("connection", "").lower())

    def _answer(self, first: str, headers: list[tuple[str, str]], connection: str) -> None:
        # One header of cookies, whatever number of lines it came in: RFC 9113 lets a proxy cut it.
        cookies = "; ".join(value for name, value in headers if name == "cookie")
        headers = [*(pair for pair in headers if pair[0] != "cookie"), ("cookie", cookies)]
        told = [f"x-seen-{name}: {value}" for name, value in headers if _told(name, value)]
        close = connection == "close" or (first.endswith("/1.0") and connection != "keep-alive")
        ends = ["connection: close"] if close else []
        lines = ["HTTP/1.1 200 OK", f"x-served-by: {self._name}", "content-length: 0", *told, *ends]
        self._transport.write("\r\n".join(lines).encode("latin-1") + _END)
        if close:
            self._transport.close()


def _told(name: str, value: str) -> bool:
    """Engines have little room for an answer's headers, so that long ones are left out."""
    return name not in _UNTOLD and len(value) <= _LONGEST


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    try:
        for each in json.loads(sys.stdin.readline()):
            host, _, port = each.rpartition(":")
            await loop.create_server(_Upstream, host, int(port), backlog=1024)
    except OSError as error:
        print(f"{each}: {error}", flush=True)
        return
    print("listening", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
