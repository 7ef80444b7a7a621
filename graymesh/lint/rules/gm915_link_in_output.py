"""A symbolic link on the way to an output file.

A link can lead out of the output folder, so graymesh follows none while it writes or compares. Give the real path.
"""
