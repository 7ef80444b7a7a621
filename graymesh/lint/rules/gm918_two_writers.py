"""An output folder that another graymesh is writing to.

Two writers at once would mix their trees. Wait for the other one, or give each its own folder.
"""
