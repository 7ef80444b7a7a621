"""A value of the wrong type.

For example a list where a mapping is wanted, or text where a number is wanted.

bad: |
  versions: [v1, v2]
good: |
  versions: {v1: {endpoints: [10.0.1.1:80]}, v2: {endpoints: [10.0.2.1:80]}}
"""
