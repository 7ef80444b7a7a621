"""A key that appears twice in one mapping.

YAML readers disagree about which one wins; most silently take the last one. graymesh takes none.

bad file: |
  apiVersion: graymesh.io/v1alpha1
  kind: Rollout
  kind: Rollout
good: |
  stable: v1
"""
