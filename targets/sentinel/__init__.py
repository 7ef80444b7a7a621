"""Sentinel: the limits and guards of each version as rule files that its own process and the gateway load."""
