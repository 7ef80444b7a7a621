"""A key that must be there is missing.

The message names the key and where it belongs.

bad file: |
  apiVersion: graymesh.io/v1alpha1
  kind: Rollout
  metadata: {name: shop}
good: |
  stable: v1
"""
