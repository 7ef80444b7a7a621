"""Artifacts that set something otherwise than the spec.

A limit, an address, a label or a guard in the engine's files is not the one in the spec.
"""
