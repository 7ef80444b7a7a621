"""An option that the target does not have, or a value it does not take.

`graymesh explain nginx` lists the options of a target.

bad: |
  targets: {nginx: {listn: 80}}
good: |
  targets: {nginx: {listen: 80}}
"""
