"""A merge conflict in a compiled file, or in a list of written files.

Nobody need resolve it by hand, since the releases say what belongs there. Resolve conflicts in the releases, if there
are any, then take one side's output and compile it anew:

    git checkout HEAD -- rendered
    graymesh compile

`rendered` stands for the output folder. Where the marks have been committed, HEAD has them as well; then the first
command is `git checkout REV -- rendered` with a commit that has none.
"""
