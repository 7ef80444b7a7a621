"""A test of a release that one of its targets fails.

The release itself answers the request as the test says, but what the target's files are read back to does not. That is
a fault of the target; please report it.
"""
