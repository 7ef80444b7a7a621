"""An apiVersion or kind that this graymesh does not read.

Specs say `apiVersion: graymesh.io/v1alpha1` and `kind: Rollout`, project files `kind: Project`.

bad file: |
  apiVersion: graymesh.io/v9
  kind: Rollout
  metadata: {name: shop}
  spec: {}
good: |
  stable: v1
"""
