"""A release that is compiled for no engine.

Neither the release nor the project file names a target, so there is nothing to write. Name them under `targets:` in
graymesh.yaml for all releases, or in a release for that one; `graymesh targets` lists what there is.
"""
