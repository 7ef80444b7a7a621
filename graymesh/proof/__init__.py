"""The parts of `graymesh.equivalence`: classes of values, the space of requests, decision lists."""
