"""Do two tables agree on every request? Classes of values, the space of requests, decision lists, patterns."""
