"""Fuzzing of the whole command line: hostile files in, and never a traceback, a hang or a flood of memory out.

`python -m tests.fuzz --seconds 3600` mutates the files of the tests and the examples, runs a command on each and saves
what goes wrong, made small. What was found and mended is kept below `corpus/`, which the ordinary tests replay.
"""
