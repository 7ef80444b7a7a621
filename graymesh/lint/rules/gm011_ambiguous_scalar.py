"""A plain value that YAML readers disagree about.

In an engine's file, `no`, `010` or `12:30` without quotes is one thing to a YAML 1.1 reader and another to a
YAML 1.2 reader. graymesh does not guess which the engine uses. Quote the value.
"""
