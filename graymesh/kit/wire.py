"""What engines do to a request before they compare it with anything."""

from __future__ import annotations


def without_dots(path: str) -> str:
    """The path with its `.` and `..` segments resolved (RFC 3986 §5.2.4)."""
    found: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            found[-1:] = []
        elif segment != ".":
            found.append(segment)
    ends_in_dots = segments and segments[-1] in (".", "..")
    return "/" + "/".join(found) + ("/" if ends_in_dots and found else "")
