"""The guarded loader: YAML text → plain data, with a place for every key and value.

It reads YAML 1.2 (core schema) within limits and refuses, by position, what hides, multiplies or is read differently
by different readers. Positions are worked out only when asked for. Codes: GM001 to GM011.
"""

from graymesh.source.loading import load, load_artifacts
from graymesh.source.source import Source

__all__ = ["Source", "load", "load_artifacts"]
