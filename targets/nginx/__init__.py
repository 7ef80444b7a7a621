"""nginx: upstreams, maps and one server per set of host names."""
