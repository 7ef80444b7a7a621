"""A baseline that cannot be read.

The file named by `--baseline` is not one that `--write-baseline` wrote (its schema: `baseline.v1.schema.json`).
Nothing is left out on a guess: repair the file, or remove it and write a new one.
"""
