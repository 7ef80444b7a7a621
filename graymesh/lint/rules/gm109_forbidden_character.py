"""A value with characters that engines read differently.

Header and claim values are visible ASCII with blanks inside, cookie values are the characters that RFC 6265 allows,
query values are letters, digits and `.`, `_`, `~`, `-`.

bad: |
  audiences: {beta: [{cookies: {beta: "a;b"}}]}
  routes: [{name: beta, audience: beta, version: v2}]
good: |
  audiences: {beta: [{cookies: {beta: "1"}}]}
  routes: [{name: beta, audience: beta, version: v2}]
"""
