"""A key that is not text.

Keys such as `1:`, `true:` or `null:` are numbers, booleans or nothing to a YAML 1.2 reader, and something else to
others. Quote the key if it is meant as text.

bad file: |
  apiVersion: graymesh.io/v1alpha1
  kind: Rollout
  1: one
good: |
  audiences: {"one": [{headers: {X-A: b}}]}
  routes: [{name: one, audience: one, version: v2}]
"""
