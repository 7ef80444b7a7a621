"""A link that leads out of the project, or something that is not a file.

Whoever sends a change can put a link into it, so graymesh reads regular files only, each inside its root: the project's
folder; without a project file the folder that is named, or the one in which a named file lies. Links inside are
followed, but none into `.git` or to a file with another ending. Pipes, devices, sockets and whatever is in /proc and
/sys are refused before a byte is read. A folder below the working folder that is a link to one elsewhere is named by
its own path. Standard input and `<(command)` are read: the caller has set them up.
"""
