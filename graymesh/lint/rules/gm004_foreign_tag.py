"""A YAML tag.

Tags such as `!!binary`, `!!set`, `!include` make a reader build something other than plain text, numbers, lists
and mappings. A spec needs none of them; only `!!str` is understood.

bad file: |
  apiVersion: !!binary aGk=
good: |
  stable: v1
"""
