"""A client of yaml-language-server: JSON-RPC over its standard input and output, every answer awaited for a while."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Final, Self

_SECONDS: Final = 30.0


class LanguageServer:
    """One server. `schemas` gives the text of a schema by its address, in place of the network."""

    def __init__(self, program: Path, schemas: Callable[[str], str]) -> None:
        self._schemas = schemas
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([program, "--stdio"], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._published: queue.Queue[dict[str, Any]] = queue.Queue()
        self._last = 0
        threading.Thread(target=self._read, daemon=True).start()
        self.request("initialize", {"processId": None, "rootUri": None, "capabilities": _CAPABILITIES})
        self.notify("initialized", {})
        self.notify("yaml/registerContentRequest", {})
        self.notify("workspace/didChangeConfiguration", {"settings": _SETTINGS})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def open(self, uri: str, text: str) -> list[dict[str, Any]]:
        """Opens a document; the problems that the server finds in it."""
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        while True:
            found = self._published.get(timeout=_SECONDS)
            if found["uri"] == uri:
                return list(found["diagnostics"])

    def hover(self, uri: str, line: int, column: int) -> str:
        """What is shown over a position, both counted from 0."""
        found = self.request("textDocument/hover", _at(uri, line, column))
        return str(found["contents"]["value"]) if found else ""

    def completion(self, uri: str, line: int, column: int) -> dict[str, dict[str, Any]]:
        """What is offered at a position, by label."""
        found = self.request("textDocument/completion", _at(uri, line, column))
        return {item["label"]: item for item in found["items"]}

    def request(self, method: str, params: Mapping[str, Any]) -> Any:
        """The result of a request. Raises queue.Empty when there is none in time, RuntimeError for an error."""
        self._last += 1
        self._send({"id": self._last, "method": method, "params": params})
        while True:
            answer = self._answers.get(timeout=_SECONDS)
            if answer["id"] == self._last:
                if "error" in answer:
                    raise RuntimeError(answer["error"])
                return answer["result"]

    def notify(self, method: str, params: Mapping[str, Any]) -> None:
        """A message without an answer."""
        self._send({"method": method, "params": params})

    def _send(self, message: Mapping[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = _there(self._process.stdin)
        stream.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        stream.flush()

    def _read(self) -> None:
        stream = _there(self._process.stdout)
        while line := stream.readline():
            length = int(line.partition(b":")[2])
            while stream.readline().strip():
                pass
            self._received(json.loads(stream.read(length)))

    def _received(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self._answers.put(message)
        elif message["method"] == "textDocument/publishDiagnostics":
            self._published.put(message["params"])
        elif "id" in message:
            self._send({"id": message["id"], "result": self._asked(message["method"], message["params"])})

    def _asked(self, method: str, params: Any) -> Any:
        if method == "vscode/content":
            return self._schemas(params[0] if isinstance(params, list) else params)
        return (
            [_SETTINGS.get(item["section"]) for item in params["items"]]
            if method == "workspace/configuration"
            else None
        )


_CAPABILITIES: Final = {
    "textDocument": {
        "hover": {"contentFormat": ["markdown"]},
        "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
        "publishDiagnostics": {},
    }
}
_SETTINGS: Final[Mapping[str, Any]] = {
    "yaml": {
        "completion": True,
        "hover": True,
        "validate": True,
        "schemaStore": {"enable": False, "url": ""},
        "kubernetesCRDStore": {"enable": False},
    }
}


def _there(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _at(uri: str, line: int, column: int) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}}
