"""graymesh: one rollout spec, compiled for every engine on the request path and proven by reading back."""

__version__ = "0.1.0"
