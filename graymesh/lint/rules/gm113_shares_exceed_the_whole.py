"""Shares that do not fit into the whole.

The weights of a stage add up to more than 100, or, with three canaries or more, the largest weights that each ever has
do. Three canaries or more keep
buckets of their own at their largest, so that growing one never evicts another's users.

bad: |
  versions: {v1: {endpoints: [10.0.1.1:80]}, v2: {endpoints: [10.0.2.1:80]}, v3: {endpoints: [10.0.3.1:80]}}
  stages: [{name: a, split: {v2: 60, v3: 50}}]
good: |
  versions: {v1: {endpoints: [10.0.1.1:80]}, v2: {endpoints: [10.0.2.1:80]}, v3: {endpoints: [10.0.3.1:80]}}
  stages: [{name: a, split: {v2: 50, v3: 50}}]
"""
