"""`python -m graymesh`."""

from graymesh.cli import main

main()
