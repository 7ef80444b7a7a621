"""graymesh as a KRM function: a ResourceList in, a ResourceList out, for kustomize, kpt and their like."""
