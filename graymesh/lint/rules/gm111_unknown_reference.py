"""A name of a version, audience, stage or target that is not defined.

The message says what is defined and which name is nearest.

bad: |
  routes: [{name: beta, audience: beat, version: v2}]
good: |
  audiences: {beta: [{cookies: {beta: "1"}}]}
  routes: [{name: beta, audience: beta, version: v2}]
"""
