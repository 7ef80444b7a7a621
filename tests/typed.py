"""Types of graymesh and its targets together, as `make lint` checks them.

    python -m tests.typed

In a checkout the targets stand in a folder beside the package that they belong to, where mypy does not look for them.
So it is shown a tree of links in which everything stands where an installation has it.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def linked(root: Path, tree: Path) -> None:
    """Links the package of the checkout `root` into `tree`, the targets below it."""
    targets = tree / "graymesh" / "targets"
    targets.mkdir(parents=True)
    for path in (root / "graymesh").iterdir():
        if path.name != "targets":
            (tree / "graymesh" / path.name).symlink_to(path)
    for path in [root / "graymesh" / "targets" / "__init__.py", *(root / "targets").iterdir()]:
        (targets / path.name).symlink_to(path)


def check(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What mypy says of a checkout, in strict mode."""
    with tempfile.TemporaryDirectory() as tree:
        linked(root, Path(tree))
        words = [sys.executable, "-m", "mypy", "--strict", "--config-file=", *options, "--package", "graymesh"]
        return subprocess.run(words, cwd=tree, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    done = check(ROOT, f"--cache-dir={ROOT / '.mypy_cache' / 'typed'}")
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    sys.exit(done.returncode)
