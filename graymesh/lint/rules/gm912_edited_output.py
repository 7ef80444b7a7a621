"""A compiled file that was edited by hand.

The file is no longer what graymesh wrote, so it is neither overwritten nor removed. `graymesh verify` shows what the
edit does to traffic. Move the change into the spec; `graymesh compile --force` then replaces the file.
"""
