"""The output folder: reached without following links, with a list of what was written."""
