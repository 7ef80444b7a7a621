"""Programs of others that some tests drive, kept outside the checkout.

    python -m tests.tools

installs them where npm and go are; tests say what is missing and are skipped without them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

LANGUAGE_SERVER_VERSION: Final = "1.25.0"
KUSTOMIZE_VERSION: Final = "v5.7.1"
"""The newest that builds with Go 1.26."""
_INSTALL_SECONDS: Final = 900

Say = Callable[[str], None]
"""Takes a line of progress."""


def cache() -> Path:
    """Where the tools are kept: GRAYMESH_TOOLS, or below the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("GRAYMESH_TOOLS") or Path(home) / "graymesh" / "tools")


CACHE: Final = cache()
"""Asked once, since tests change where caches are."""


def language_server() -> Path:
    """The program of yaml-language-server, whether it is there or not."""
    return CACHE / f"yaml-language-server-{LANGUAGE_SERVER_VERSION}" / "node_modules" / ".bin" / "yaml-language-server"


def kustomize() -> Path:
    """The program of kustomize: one on the PATH, or ours, whether it is there or not."""
    found = shutil.which("kustomize")
    return Path(found) if found else CACHE / f"kustomize-{KUSTOMIZE_VERSION}" / "kustomize"


def install_language_server(say: Say = print, seconds: int = _INSTALL_SECONDS) -> str:
    """Installs it unless it is there; why that could not be done, or nothing."""
    wanted = language_server()
    if wanted.exists():
        return ""
    package = f"yaml-language-server@{LANGUAGE_SERVER_VERSION}"
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", "{folder}", package]
    return _installed(wanted.parents[2], command, {}, say, seconds)


def install_kustomize(say: Say = print, seconds: int = _INSTALL_SECONDS) -> str:
    """Builds it unless one is there; why that could not be done, or nothing."""
    wanted = kustomize()
    if wanted.exists():
        return ""
    command = ["go", "install", f"sigs.k8s.io/kustomize/kustomize/v5@{KUSTOMIZE_VERSION}"]
    return _installed(wanted.parent, command, {"GOBIN": "{folder}"}, say, seconds)


def _installed(target: Path, command: Sequence[str], variables: Mapping[str, str], say: Say, seconds: int) -> str:
    """Runs the command for a new folder, which takes its place only when all went well."""
    if shutil.which(command[0]) is None:
        return f"there is no {command[0]}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as parent:
        folder = Path(parent, target.name)
        folder.mkdir()
        words = [word.format(folder=folder) for word in command]
        say(f"tools: {' '.join(words)}")
        environment = {**os.environ, **{name: value.format(folder=folder) for name, value in variables.items()}}
        failed = _run(["nice", "-n", "19", *words], environment, seconds)
        if not failed:
            with suppress(OSError):  # another process was first
                folder.rename(target)
    return failed


def _run(words: Sequence[str], environment: Mapping[str, str], seconds: int) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment, timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"{words[3]} took longer than {seconds} s"
    return "" if done.returncode == 0 else done.stderr[-500:]


def main() -> None:
    """Installs all of them; says why one could not be."""
    for name, install in (("yaml-language-server", install_language_server), ("kustomize", install_kustomize)):
        failed = install()
        print(f"tools: {name}: {failed or 'ready'}")


if __name__ == "__main__":
    main()
