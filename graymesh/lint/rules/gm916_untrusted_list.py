"""A list of written files that graymesh did not write like this.

The lists in `.graymesh` decide which files may be replaced and removed. When one is damaged, or names a path outside of
the output folder, nothing is written. Restore it from version control, or remove it and start with an empty folder.
"""
