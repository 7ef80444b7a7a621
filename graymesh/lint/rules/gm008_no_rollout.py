"""A file without a rollout.

The file is empty, or holds only comments, a list or a single value. Checking nothing and reporting success would be
worse than an error. `graymesh init` writes a first rollout.
"""
