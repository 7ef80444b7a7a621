"""More than one document in a spec file.

One file describes one rollout, so that a diff of the file is a diff of the release. Put each rollout into a file of
its own and name them in graymesh.yaml.
"""
