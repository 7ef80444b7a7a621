"""More versions, audiences, routes, stages or characters than a rollout may have.

A pattern of a project's `releases` that looks at too many files or too deep is too much as well: name the folders.

The limits keep every engine's own limits out of reach: a token of nginx, a match list of Envoy.
"""
