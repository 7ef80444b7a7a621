"""A file in the way that graymesh did not write.

No list of written files (in `.graymesh`) names it. Move it elsewhere, choose another output folder, or let
`graymesh compile --force` replace it. What is not a plain file or folder is never replaced.
"""
