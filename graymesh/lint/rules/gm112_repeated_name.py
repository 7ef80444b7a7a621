"""Two stages or routes of one name.

Stages and routes are referred to by name, and routes become ids in some engines, where the second would replace the
first.

bad: |
  stages: [{name: half, weight: 50, hold: 1h}, {name: half, weight: 100}]
good: |
  stages: [{name: half, weight: 50, hold: 1h}, {name: full, weight: 100}]
"""
