"""More versions, audiences, routes, stages or characters than a rollout may have.

The limits keep every engine's own limits out of reach: a token of nginx, a match list of Envoy.
"""
