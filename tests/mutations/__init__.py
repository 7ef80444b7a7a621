"""Artifacts changed by hand, one place at a time: one module for each language that artifacts are written in."""
