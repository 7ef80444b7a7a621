"""A regular expression that engines read differently.

nginx (PCRE2), Envoy (RE2) and the Spring gateway (Java) share a common subset: literals, classes, groups, `|`, `*`,
`+`, `?` and bounded repeats. Lookaround, backreferences, possessive quantifiers, POSIX classes, inline flags and nested
quantifiers that take exponential time in backtracking engines lie outside. A pattern always matches the whole value.

bad: |
  audiences: {beta: [{headers: {X-A: {regex: "v2(?=x)"}}}]}
  routes: [{name: beta, audience: beta, version: v2}]
good: |
  audiences: {beta: [{headers: {X-A: {regex: "v2x.*"}}}]}
  routes: [{name: beta, audience: beta, version: v2}]
"""
