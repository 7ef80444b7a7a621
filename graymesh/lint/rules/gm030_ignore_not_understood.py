"""A comment to graymesh that says nothing.

`# graymesh: ignore[GM203] -- why that is all right` leaves a finding out. It names one code or several, parted by
commas, and a reason, which is what the next reader needs. A comment without one of them leaves nothing out.

Behind a value it is about what begins on its line; on a line of its own, about the key with all below it, or the item,
that comes next. Warnings can be left out, and errors of GM201 and GM205; with any other error the output would not be
sound. Nothing can leave out GM0xx, which is about the file itself, or GM9xx, which is the proof.

bad file: |
  apiVersion: graymesh.io/v1alpha1
  kind: Rollout
  metadata: {name: shop}
  spec:
    service: {port: 80}
    stable: v1
    versions: {v1: {endpoints: [10.0.1.1:80]}}
    audiences:
      beta: [{cookies: {beta: "1"}}]   # graymesh: ignore[GM203]
    targets: {nginx: {}}
good file: |
  apiVersion: graymesh.io/v1alpha1
  kind: Rollout
  metadata: {name: shop}
  spec:
    service: {port: 80}
    stable: v1
    versions: {v1: {endpoints: [10.0.1.1:80]}}
    audiences:
      beta: [{cookies: {beta: "1"}}]   # graymesh: ignore[GM203] -- its route comes with v2
    targets: {nginx: {}}
"""

LEVEL = "warning"
