"""Artifacts that the schema of their engine does not take.

Asked for by `graymesh verify --schemas`: every object in the output folder is held against the schema that its engine
publishes. An object that it does not take is refused by the cluster, or loses the field in question without a word.
Somebody edited the file, or the engine is of another version than the one that graymesh writes for.
"""
