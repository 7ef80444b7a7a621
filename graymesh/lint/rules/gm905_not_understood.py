"""A part of an artifact that graymesh does not understand.

Whatever is not understood is not proven. The message names the field or directive.
"""
