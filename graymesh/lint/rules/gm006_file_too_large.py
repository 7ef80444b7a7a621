"""A file beyond the limits.

A rollout is a page of text. Files over 1 MiB, nested deeper than 64 levels or with very many nodes are refused before
anything is built from them.
"""
