"""A private nginx on loopback: it takes files as `include nginx/*.conf` would, and backends that say who they are."""

from __future__ import annotations

import base64
import json
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from graymesh.ir.semantics import Request
from tests.conformance import nginx_setup

BINARY = nginx_setup.binary()
_MAIN = """{load}
daemon off;
worker_rlimit_nofile 16384;
master_process off;
pid {prefix}/nginx.pid;
error_log {prefix}/error.log warn;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {prefix}/t; proxy_temp_path {prefix}/t; fastcgi_temp_path {prefix}/t;
    uwsgi_temp_path {prefix}/t; scgi_temp_path {prefix}/t;
    include {backends};
    include nginx/*.conf;
}}
"""
_BACKEND = """server {{
    listen 127.0.0.1:{port};
    add_header X-From-Upstream yes always;
    {more}
    location / {{ return {status} "{name}\\n$http_x_gray_lane\\n$http_x_gray_trace\\n$http_host\\n$request_uri\\n"; }}
}}
"""


@dataclass(frozen=True)
class Answer:
    """What came back: the status, headers as (lower-case name, value), and what the backend saw."""

    status: int
    headers: tuple[tuple[str, str], ...]
    version: str = ""
    lane: str = ""
    trace: str = ""
    host: str = ""
    target: str = ""

    def every(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


def missing() -> str:
    """Why nginx cannot be tried here, empty when it can."""
    return "" if BINARY else "nginx is not installed"


def missing_scripts() -> str:
    return "" if nginx_setup.module() else "nginx's njs module is not installed"


def checked(prefix: Path, files: Mapping[str, str], ports: Mapping[str, int] | None = None) -> tuple[str, float]:
    """What `nginx -t` complains about (empty: nothing) and the CPU seconds that it takes."""
    config = _written(prefix, files, ports or {}, {})
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [BINARY, "-t", "-p", str(prefix), "-c", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    lines = [line for line in done.stderr.splitlines() if "syntax is ok" not in line and "is successful" not in line]
    return "\n".join(lines), seconds


@contextmanager
def running(
    prefix: Path, files: Mapping[str, str], backends: Mapping[str, int], more: Mapping[str, str] | None = None
) -> Iterator[int]:
    """nginx serving the files on a port of its own, which is given; `backends` are names and their ports.

    `more` holds directives for single backends. Ended by its own process id.
    """
    port = free_port()
    process = started(prefix, files, port, backends, more)
    try:
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def started(
    prefix: Path,
    files: Mapping[str, str],
    port: int,
    backends: Mapping[str, int] | None = None,
    more: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    """nginx as `running` has it, for whoever ends it by himself."""
    config = _written(prefix, files, {"listen": port}, backends or {}, more)
    process = subprocess.Popen([BINARY, "-p", str(prefix), "-c", str(config)], stderr=subprocess.PIPE, text=True)
    _await(process, port)
    return process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, requests: Iterable[Request], host: str = "") -> list[Answer]:
    """The answers to the requests, one after the other."""
    return [_ask(port, head(request, host)) for request in requests]


def ask_raw(port: int, text: bytes) -> Answer:
    return _ask(port, text)


def ask_at(address: tuple[str, int], request: Request) -> Answer:
    """The answer of a server on one of several addresses."""
    return _ask(address[1], head(request), address[0])


def head(request: Request, host: str = "") -> bytes:
    """The request's bytes; claims stand in a token that nobody signed, the source in X-Forwarded-For."""
    target = request.path + ("?" + "&".join(f"{name}={value}" for name, value in request.query)) * bool(request.query)
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {request.host or host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    lines += ["Cookie: " + "; ".join(f"{name}={value}" for name, value in request.cookies)] * bool(request.cookies)
    lines += [f"X-Forwarded-For: {request.source}"] * bool(request.source)
    lines += [f"Authorization: Bearer {token(dict(request.claims))}"] * bool(request.claims)
    return ("\r\n".join([*lines, "Content-Length: 0", "", ""])).encode("latin-1")


def token(claims: Mapping[str, object]) -> str:
    """A JSON web token with a signature that means nothing."""
    parts = [json.dumps({"alg": "none"}), json.dumps(claims), "signature"]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def _written(
    prefix: Path,
    files: Mapping[str, str],
    ports: Mapping[str, int],
    backends: Mapping[str, int],
    more: Mapping[str, str] | None = None,
) -> Path:
    folder = prefix / "nginx"
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        (folder / path).write_text(text.replace("listen 80;", f"listen 127.0.0.1:{ports.get('listen', 8099)};"))
    uses_script = any("js_import" in text for text in files.values())
    served = "".join(_backend(name, port, (more or {}).get(name, "")) for name, port in backends.items())
    (prefix / "backends").write_text(served)
    config = prefix / "nginx.conf"
    load = f"load_module {nginx_setup.module()};" if uses_script else ""
    config.write_text(_MAIN.format(load=load, prefix=prefix, backends=prefix / "backends"))
    return config


def _backend(name: str, port: int, more: str) -> str:
    status = 500 if "fails" in more else 200
    return _BACKEND.format(name=name, port=port, status=status, more=more.replace("fails", ""))


def _await(process: subprocess.Popen[str], port: int) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError(process.stderr.read() if process.stderr else "nginx ended")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGTERM)
    raise TimeoutError("nginx does not listen")


def _ask(port: int, request: bytes, host: str = "127.0.0.1") -> Answer:
    with socket.create_connection((host, port), timeout=20) as connection:
        connection.sendall(request)
        chunks = []
        while chunk := connection.recv(65536):
            chunks.append(chunk)
    top, _, body = b"".join(chunks).decode("latin-1").partition("\r\n\r\n")
    first, *lines = top.split("\r\n")
    headers = tuple((name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
    seen: Sequence[str] = body.split("\n")[:5] if first.split(" ")[1] in ("200", "500") else ()
    return Answer(int(first.split(" ")[1]), headers, *seen)
