"""A merge key, or aliases that multiply.

A few hundred bytes of nested merge keys or aliases can expand to gigabytes, and a merged mapping hides what a
reviewer should see. Write the keys out. A handful of plain aliases is fine.

bad file: |
  base: &base {a: x}
  spec:
    <<: *base
good: |
  stable: v1
"""
