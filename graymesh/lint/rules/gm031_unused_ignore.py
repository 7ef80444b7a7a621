"""A comment that leaves out a finding which is not there.

What it was written for has been fixed, or it is not where the finding is. Left where it is, it would hide the
next finding of that kind silently.

bad file: |
  apiVersion: graymesh.io/v1alpha1
  kind: Rollout
  metadata: {name: shop}
  spec:
    service: {port: 80}
    # graymesh: ignore[GM204] -- nobody gets it yet
    stable: v1
    versions: {v1: {endpoints: [10.0.1.1:80]}}
    targets: {nginx: {}}
good file: |
  apiVersion: graymesh.io/v1alpha1
  kind: Rollout
  metadata: {name: shop}
  spec:
    service: {port: 80}
    stable: v1
    # graymesh: ignore[GM204] -- nobody gets it yet
    versions: {v1: {endpoints: [10.0.1.1:80]}, v2: {endpoints: [10.0.2.1:80]}}
    targets: {nginx: {}}
"""

LEVEL = "warning"
