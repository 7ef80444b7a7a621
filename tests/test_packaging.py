"""The wheel, the source archive, an editable install and the bare checkout all hold the same package."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.helpers import ROOT

FOLDERS = {"graymesh": "graymesh", "targets": "graymesh/targets", "schemas": "graymesh/schemas"}


def expected_files() -> set[str]:
    """What the package must hold, by path inside of it, from what git would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *FOLDERS],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    paths = [Path(line) for line in listed.stdout.splitlines() if (ROOT / line).is_file()]
    return {"/".join([FOLDERS[path.parts[0]], *path.parts[1:]]) for path in paths}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive, both made by the build backend itself."""
    folder = tmp_path_factory.mktemp("dist")
    code = (
        "import sys, hatchling.build as b; "
        "print(b.build_wheel(sys.argv[1])); print(b.build_sdist(sys.argv[1]))"
    )  # fmt: skip
    subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT, check=True, capture_output=True, timeout=120)
    return folder


def test_the_wheel_holds_everything(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == expected_files()


def test_the_source_archive_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    root = next(tmp_path.iterdir())
    code = "import sys, hatchling.build as b; b.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root, check=True, capture_output=True, timeout=120)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == expected_files()


def test_the_source_archive_holds_what_tests_read(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    read = {"README.md", "SECURITY.md", "action.yml", "action.sh", "templates/graymesh.yml", ".pre-commit-hooks.yaml"}
    assert read - held == set()


def test_the_wheel_works_away_from_the_checkout(built: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path / "site")
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); import graymesh.kit.registry as r; "
    code += "import graymesh; print(graymesh.__file__); print(r.target_names()); "
    code += "[r.target(n).manifest for n in r.target_names()]"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert str(tmp_path / "site") in done.stdout
    assert "'istio', 'nginx', 'sentinel', 'spring-cloud-gateway'" in done.stdout


@pytest.mark.parametrize("module", ["click", "yaml", "json", "jinja2"])
def test_modules_of_the_working_folder_are_not_imported(tmp_path: Path, module: str) -> None:
    """`python -m` looks there first."""
    (tmp_path / f"{module}.py").write_text("raise SystemExit('imported')")
    (tmp_path / "release.yaml").write_text("{}")
    for words in (["--version"], ["lint", "release.yaml", "--format", "json"], ["init", "new", "--yes"]):
        command = [sys.executable, "-m", "graymesh", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        assert "imported" not in done.stderr
        assert done.stdout


def test_the_bare_checkout_works(tmp_path: Path) -> None:
    """Python finds the checkout by its path alone; targets lie beside the package."""
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False, system_site_packages=False)
    site = next(path for path in sys.path if path.endswith("site-packages"))
    code = f"import sys; sys.path[:0] = [{str(ROOT)!r}]; sys.path.append({site!r}); "
    code += "import graymesh.kit.registry as r; print(r.target('istio').folder)"
    command = [str(environment / "bin" / "python"), "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert Path(done.stdout.strip()) == ROOT / "targets" / "istio"
