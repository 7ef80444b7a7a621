"""What targets are made of: the protocol, the registry, and the release as one target sees it."""
