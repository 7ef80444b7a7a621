"""A duration, percentage, weight, network, port, path or method that cannot be read.

Durations are a whole number and `ms`, `s`, `m` or `h`. Percentages end in `%` and have at most two decimals, as
weights do. Networks are in CIDR form without host bits. Paths start with `/`, without `?`, `#`, `%` or empty segments.

bad: |
  resilience: {timeout: 1.5h}
good: |
  resilience: {timeout: 90m}
"""
