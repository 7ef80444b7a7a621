"""Artifacts that say nothing about a release.

No file of the target mentions the release's host. `graymesh compile` writes it.
"""
