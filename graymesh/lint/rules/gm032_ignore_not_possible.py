"""A comment that leaves out what it cannot.

The code does not exist, or its findings are errors that no comment may hide: a release with them would be compiled
into something that nobody has proven, or that lets clients in. What a target cannot do is given up by `accept`, which
says so in the spec and is checked against the output.

bad file: |
  apiVersion: graymesh.io/v1alpha1
  kind: Rollout
  metadata: {name: shop}
  spec:
    service: {port: 80}
    stable: v1
    versions: {v1: {endpoints: [10.0.1.1:80]}}
    # graymesh: ignore[GM403] -- the firewall knows
    targets: {nginx: {trustedProxies: [0.0.0.0/0]}}
good file: |
  apiVersion: graymesh.io/v1alpha1
  kind: Rollout
  metadata: {name: shop}
  spec:
    service: {port: 80}
    stable: v1
    versions: {v1: {endpoints: [10.0.1.1:80]}}
    targets: {nginx: {trustedProxies: [10.0.0.0/8]}}
"""

LEVEL = "warning"
