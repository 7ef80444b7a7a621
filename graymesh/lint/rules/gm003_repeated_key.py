"""A key that stands twice in one mapping.

YAML readers disagree about which one wins; most take the last in silence. graymesh takes none.

bad file: |
  apiVersion: graymesh.io/v1alpha1
  kind: Rollout
  kind: Rollout
good: |
  stable: v1
"""
