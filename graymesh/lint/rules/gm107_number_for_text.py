"""A number or boolean where text is wanted.

`1.10` without quotes is the number 1.1, so the last digit would be lost. Quote it.

bad: |
  audiences: {beta: [{headers: {X-Version: 1.10}}]}
  routes: [{name: beta, audience: beta, version: v2}]
good: |
  audiences: {beta: [{headers: {X-Version: "1.10"}}]}
  routes: [{name: beta, audience: beta, version: v2}]
"""
