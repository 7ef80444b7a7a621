"""A file that cannot be read as text.

graymesh reads UTF-8. A file in another encoding, or one that cannot be opened, is not guessed at.
Save the file as UTF-8 without a byte order mark.
"""
