"""An entry that is empty or says two things at once.

For example an audience without entries, a matcher with both `prefix` and `regex`, a stage with both `weight` and
`split`.

bad: |
  audiences: {beta: [{headers: {X-A: {prefix: a, regex: b}}}]}
  routes: [{name: beta, audience: beta, version: v2}]
good: |
  audiences: {beta: [{headers: {X-A: {prefix: a}}}]}
  routes: [{name: beta, audience: beta, version: v2}]
"""
