"""Artifacts that could not be compared with the spec.

The comparison exceeded its budget. Nothing is claimed about these files. Simplify the regular expressions on the named
field.
"""
