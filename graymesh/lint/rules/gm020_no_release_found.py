"""A folder or pattern without any release.

Compiling nothing would remove what was compiled before, and checking nothing proves nothing, so zero releases are an
error. Look at `releases:` in graymesh.yaml, or at the path on the command line. `graymesh init` writes a first release.
"""
