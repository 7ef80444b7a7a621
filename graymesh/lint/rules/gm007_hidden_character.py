"""A character that cannot be seen.

Control characters, bidirectional marks, zero-width characters, odd line breaks and non-breaking spaces make a file
read differently from how it looks: a comment can hide a value. They are refused everywhere, in comments too.

bad file: |
  kind: Rollout # note spec: x
good: |
  stable: v1
"""
