"""`python -m graymesh`."""

import sys
from pathlib import Path

if sys.path[:1] in ([""], [str(Path.cwd())]):
    del sys.path[0]  # where -m puts the working folder: a click.py in it is not ours to import

from graymesh.cli import main

main()
