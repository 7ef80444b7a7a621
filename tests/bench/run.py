"""CPU of graymesh beside its peers, all measured in this run: `make bench`.

Every figure is user + system time of a whole process and its children, the median of several runs. Ratios within one
run hold when the machine's speed drifts; single figures do not.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = sys.executable
GRAYMESH = [PYTHON, "-m", "graymesh"]
PEERS = "import click, yaml; from pydantic import BaseModel"
"""What any program imports that reads YAML into models: one changed file may take 2.5 times its CPU."""
SPEC = ROOT / "examples" / "shop" / "releases" / "product-service.yaml"
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
WITHOUT_PROOF = """
import gc, sys
from pathlib import Path
gc.disable()
from graymesh.language.case import load_cases
from graymesh.language.project import find
from graymesh.kit.registry import target
cases, problems = load_cases(find(Path(sys.argv[1])), (), lambda *_: None)
assert not problems
for name in sorted({manifest.name for case in cases for manifest in case.targets}):
    chosen = target(name)
    views = [case.view(manifest) for case in cases for manifest in case.targets if manifest.name == name]
    assert chosen.emit(chosen.lower(views))
"""


def cpu_seconds(command: Sequence[str], runs: int, prepare: Callable[[], None] = lambda: None) -> float:
    """The median CPU time of the command over so many runs, after one that does not count; `prepare` comes before."""
    found = [_once(command, prepare) for _ in range(runs + 1)]
    return statistics.median(found[1:])


def _once(command: Sequence[str], prepare: Callable[[], None]) -> float:
    prepare()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env=ENVIRONMENT, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def project(folder: Path, count: int) -> Path:
    """A project of so many releases, each the running example under another name, on all four targets."""
    (folder / "releases").mkdir(parents=True)
    head = "apiVersion: graymesh.io/v1alpha1\nkind: Project\nreleases: [releases/*.yaml]\noutput: rendered\n"
    text = SPEC.read_text(encoding="utf-8")
    (folder / "graymesh.yaml").write_text(head, encoding="utf-8")
    for number in range(count):
        own = text.replace("product-service", f"service-{number:04}").replace(
            "shop.example", f"shop{number:04}.example"
        )
        (folder / "releases" / f"service-{number:04}.yaml").write_text(own, encoding="utf-8")
    return folder


def row(what: str, seconds: float, against: str = "") -> None:
    print(f"{what:<58} {seconds * 1000:>9.0f} ms  {against}")


def lint(base: float) -> None:
    """One file, as a pre-commit hook runs it: nothing remembered, and unchanged since the last time."""
    cold = cpu_seconds([*GRAYMESH, "lint", "--no-cache", str(SPEC)], 7)
    row("lint, one file", cold, f"{cold / base:.2f} × the imports, at most 2.5")
    warm = cpu_seconds([*GRAYMESH, "lint", str(SPEC)], 7)
    row("lint, one unchanged file", warm, f"{warm / base:.2f} ×")


def hook(base: float, folder: Path) -> None:
    """What pre-commit runs: all files of a project in one command, none of them changed, then one, then all.

    There is nothing to report, except where it says so: eight findings for each file, of which 200 are printed.
    """
    root = project(folder / "hook", 100)
    files = sorted(map(str, (root / "releases").iterdir()))
    told = [*GRAYMESH, "lint", "--skip-other", *files]
    command = [*told, "--ignore", "GM3,GM4"]
    unchanged = cpu_seconds(command, 7)
    row("hook, 100 unchanged files", unchanged, f"{unchanged / base:.2f} × the imports")
    reported = cpu_seconds(told, 7)
    row("hook, 100 unchanged files, 800 findings", reported, f"{reported / base:.2f} ×")

    def change() -> None:
        with Path(files[50]).open("a", encoding="utf-8") as file:
            file.write("# one more line\n")

    changed = cpu_seconds(command, 7, change)
    row("hook, 100 files of which one changed", changed, f"{changed / base:.2f} ×")
    anew = cpu_seconds([*command, "--no-cache"], 3)
    row("hook, 100 files, nothing remembered", anew, f"{anew / base:.2f} ×")


def compile_projects(base: float, folder: Path) -> None:
    """All four targets, with verification and writing; and the same without proof and without writing."""
    for count in (1, 100, 1000):
        root = project(folder / str(count), count)
        runs = 5 if count == 1 else 3
        whole = cpu_seconds([*GRAYMESH, "compile", "-q", "--force", str(root)], runs)
        row(f"compile and verify, {count} releases", whole, f"{whole / base:.1f} ×, {whole * 1000 / count:.2f} ms each")
        bare = cpu_seconds([PYTHON, "-c", WITHOUT_PROOF, str(root)], runs)
        row(f"  the same without lint, proof and writing, {count}", bare, f"{bare * 1000 / count:.2f} ms each")


def start_nginx(base: float) -> None:
    """`nginx -t` on releases with five tests, a draw and a bucket cookie each; aims: 0.4 s for 100, 4 s for 1,000."""
    from tests.nginx import engine
    from tests.nginx.releases import thousand, written

    if engine.missing():
        print(f"nginx -t, 1000 releases: NOT MEASURED, {engine.missing()}")
        return
    for count in (1, 100, 1000):
        files = written(*thousand()[:count])
        with tempfile.TemporaryDirectory() as folder:
            seconds = statistics.median(engine.checked(Path(folder), files)[1] for _ in range(5))
        row(f"nginx -t, {count} releases", seconds, f"{seconds / base:.1f} ×")


def main() -> None:
    base = cpu_seconds([PYTHON, "-c", PEERS], 9)
    row(f'python -c "{PEERS}"', base)
    lint(base)
    with tempfile.TemporaryDirectory() as folder:
        ENVIRONMENT["XDG_CACHE_HOME"] = f"{folder}/cache"
        hook(base, Path(folder))
        compile_projects(base, Path(folder))
    start_nginx(base)


if __name__ == "__main__":
    main()
