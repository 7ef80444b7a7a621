"""Artifacts that route a service which no release describes.

Something in the output folder takes requests for a host of which the project knows nothing.
"""
