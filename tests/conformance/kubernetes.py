"""Kubernetes' own admission: kube-apiserver with etcd in one process, Istio's CRDs installed, dry runs only."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.conformance import kubernetes_setup
from tests.conformance.engine import EngineRefused
from tests.conformance.kubernetes_setup import setup

__all__ = ["Kubernetes", "setup"]

_LOG: Final = "engine.log"


class Kubernetes:
    """One process; each `check` stands alone, for a dry run stores nothing but the namespaces that it needs.

    `admitted` are the objects of the last files that the server takes, each as `file: Kind namespace/name`.
    """

    name = "kubernetes"

    def __init__(self) -> None:
        self.admitted: Sequence[str] = ()
        self._process: subprocess.Popen[str] | None = None
        self._folder = Path()

    @property
    def version(self) -> str:
        """Both halves: who admits, and by which schemas."""
        return f"kube-apiserver {kubernetes_setup.kubernetes_version()}, Istio's CRDs {kubernetes_setup.api_version()}"

    def available(self) -> str | None:
        """None when the engine can be used, else why not."""
        return kubernetes_setup.missing()

    def start(self) -> None:
        """Start etcd and the API server; back when the CRDs are served."""
        self._folder = Path(tempfile.mkdtemp(prefix="graymesh-kubernetes-"))
        command = [str(kubernetes_setup.server()), "-dir", str(self._folder), "-crds", str(kubernetes_setup.crds())]
        with (self._folder / _LOG).open("w") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self._answer()

    def stop(self) -> None:
        """End the process and forget its files."""
        if self._process is None:
            return
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def check(self, files: Mapping[str, str]) -> Sequence[str]:
        """What the server warns of in a dry run of every object. Raises EngineRefused with its words on the bad."""
        assert self._process and self._process.stdin
        self._process.stdin.write(json.dumps({"op": "check", "files": dict(files)}) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        self.admitted = answer.get("admitted", ())
        if refused := answer.get("refused"):
            raise EngineRefused("\n".join(map(_in_words, refused)))
        warnings: Sequence[str] = answer.get("warnings", ())
        return warnings

    def _answer(self) -> dict[str, Any]:
        assert self._process and self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            log = (self._folder / _LOG).read_text(errors="replace")
            raise ConnectionError(f"the engine has ended:\n{log[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer


def _in_words(refusal: Mapping[str, str]) -> str:
    return ": ".join(part for part in (refusal["file"], refusal["object"], refusal["words"]) if part)
