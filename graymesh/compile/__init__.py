"""The whole compiler: specs in, proven files out, written all or nothing."""
