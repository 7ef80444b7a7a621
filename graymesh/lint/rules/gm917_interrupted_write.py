"""An output folder in which a write was cut short.

graymesh was stopped while it moved finished files to their places. The next `graymesh compile` completes the move, or
drops it when it had not begun; reading commands change nothing and only say so.
"""
