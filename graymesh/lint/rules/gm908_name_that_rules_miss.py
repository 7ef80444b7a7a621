"""Rules of one target that go by names which another target's artifacts do not have.

Some engines hold limits by the names that another engine gives to its routes. Such a rule looks up a name at each
request, finds none, and never acts; no engine says so. A file was edited by hand, or one of the two is older than the
other. `graymesh compile` writes both anew.
"""
