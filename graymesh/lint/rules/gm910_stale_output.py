"""A compiled file that is behind the spec.

The file is as graymesh wrote it, but the spec, the project file or graymesh itself has changed since. Run
`graymesh compile` and commit the result together with the change.
"""
