"""Artifacts that route a request otherwise than the spec.

graymesh read the engine's files back and found a request that they send somewhere else. The witness is such a request.
A file was edited by hand, is older than the spec, or belongs to another release. `graymesh compile` writes it anew; if
fresh output shows this, please report it: it is a fault of graymesh.
"""
