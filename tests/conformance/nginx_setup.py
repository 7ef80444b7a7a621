"""Getting nginx with its scripting module, and gixy: from Debian's packages and PyPI, unpacked into the cache.

An nginx that the machine has is used as it is. Nothing is installed into the system, and no service is started.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.conformance.cache import Say, engines

GIXY_VERSION: Final = "0.2.59"
_PACKAGES: Final = ("nginx", "libnginx-mod-http-js")
_VERSIONS: Final = "njs.version"
_MODULE: Final = "ngx_http_js_module.so"
_SYSTEM: Final = Path("/")


def setup(say: Say) -> None:
    """Unpack what is missing; nothing to do when all is there. Raises RuntimeError."""
    if _root() is None:
        _unpack(say)
    say(f"nginx: {binary()}")
    if not _gixy().exists():
        say(f"gixy {GIXY_VERSION}: installing from PyPI")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
        _run([*command, "--target", str(_gixy_folder()), f"gixy-ng=={GIXY_VERSION}"], "gixy cannot be installed")
    say(f"gixy {GIXY_VERSION}: installed")


def missing() -> str | None:
    """Why nginx cannot be used yet, None when it can."""
    if _root() is None:
        return "nginx with its njs module is not installed"
    return None if _gixy().exists() else f"gixy {GIXY_VERSION} is not installed"


def binary() -> str:
    """The program, empty when there is none; the scripting module may be missing."""
    for root in (_SYSTEM, engines("nginx")):
        if (root / "usr/sbin/nginx").exists():
            return str(root / "usr/sbin/nginx")
    return shutil.which("nginx") or ""


def module() -> Path | None:
    """The scripting module that belongs to `binary`."""
    root = _root()
    return root / "usr/lib/nginx/modules" / _MODULE if root else None


def scripting_version() -> str:
    """The version of the package that the scripting module came in; the module itself does not tell."""
    if _root() != _SYSTEM:
        return (engines("nginx") / _VERSIONS).read_text().strip()
    asked = ["dpkg-query", "--show", "--showformat=${Version}", _PACKAGES[1]]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout or "unknown"


def gixy(config: Path) -> Sequence[str]:
    """What gixy says of a configuration and all that it includes, a line a finding. Raises RuntimeError."""
    command = [sys.executable, str(_gixy()), "--format", "console", str(config)]
    path = os.pathsep.join([str(_gixy_folder()), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path}, timeout=300
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"gixy failed: {done.stderr.strip()[-500:]}")
    return [f"gixy: {line}" for line in done.stdout.splitlines() if line.startswith(">> ")]


def _root() -> Path | None:
    """Where Debian's files lie that hold both the program and its module."""
    for root in (_SYSTEM, engines("nginx")):
        if (root / "usr/sbin/nginx").exists() and (root / "usr/lib/nginx/modules" / _MODULE).exists():
            return root
    return None


def _unpack(say: Say) -> None:
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise RuntimeError(f"nginx: getting it needs {tool}, which only Debian and its like have")
    folder = engines("nginx")
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        say("nginx: asking Debian for its list of packages")
        _run(["apt-get", "update", "-qq"], "the list of packages cannot be had")
    say("nginx: fetching Debian's packages")
    _run(["apt-get", "download", "-qq", *_PACKAGES], "nginx cannot be fetched", folder)
    for archive in sorted(folder.glob("*.deb")):
        _run(["dpkg-deb", "--extract", str(archive), str(folder)], f"{archive.name} cannot be unpacked")
        if archive.name.startswith(_PACKAGES[1]):
            (folder / _VERSIONS).write_text(archive.name.split("_")[1])
        archive.unlink()
    _run([binary(), "-v"], "nginx does not run; a library that it needs is missing")


def _run(command: Sequence[str], failure: str, folder: Path | None = None) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(f"{failure}:\n{done.stderr.strip()[-1000:]}")


def _gixy_folder() -> Path:
    return engines("gixy") / GIXY_VERSION


def _gixy() -> Path:
    return _gixy_folder() / "bin" / "gixy"
