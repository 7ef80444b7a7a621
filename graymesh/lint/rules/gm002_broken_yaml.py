"""Text that is not YAML.

The parser stopped at the marked place. The usual causes are a missing space after a colon, a tab used for
indentation, and a value with `: ` or ` #` inside that needs quotes.

bad file: |
  spec:
    stable: v1
    routes: [
good: |
  stable: v1
"""
