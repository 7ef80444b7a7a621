"""The spec as people write it, what it means, and the projects that it stands in."""
