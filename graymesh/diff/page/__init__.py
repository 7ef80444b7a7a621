"""HTML pages in one file: a project as it stands, and a change of it. No scripts, nothing from elsewhere.

`model` are the values, `drawing` turns them into geometry, `rendering` fills the templates beside this file. Values
reach HTML and SVG only as text through Jinja's escaping; no attribute holds anything that a user wrote.
"""
