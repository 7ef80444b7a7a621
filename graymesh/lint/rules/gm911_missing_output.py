"""A compiled file that is not there.

The spec compiles to this file, but the output folder does not have it. Run `graymesh compile` and commit the result.
"""
