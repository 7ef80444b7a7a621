"""A word that is not one of the allowed ones.

The message lists the allowed words and the nearest one.

bad: |
  resilience: {retries: {attempts: 1, on: [5xxx]}}
good: |
  resilience: {retries: {attempts: 1, on: [5xx]}}
"""
