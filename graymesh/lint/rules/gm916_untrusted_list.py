"""A list of written files that graymesh did not write like this.

`.graymesh.json` decides which files may be replaced and removed. When it is damaged, or names a path outside the
output folder, nothing is written. Restore it from version control, or remove it and start with an empty folder.
"""
