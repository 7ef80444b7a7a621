"""An output folder in which a write was cut short.

graymesh was stopped while it moved new files to their places, and left a folder `.graymesh-…` or a list that mentions
it. The next `graymesh compile` puts everything right with files that it compiles anew: what lies in such a folder may
be anybody's and is thrown away. Reading commands change nothing and only say so. In version control neither belongs.
"""
