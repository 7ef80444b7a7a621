"""A key that graymesh does not know.

A misspelt key would otherwise be ignored, and the release would not do what its file seems to say.

bad: |
  stabel: v1
good: |
  stable: v1
"""
