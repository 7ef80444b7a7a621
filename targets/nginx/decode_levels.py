"""What is said at the levels of a configuration: a location, its server, `http`, each with what it takes from above."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from graymesh.targets.nginx.syntax import ParsedDirective

Settings = Mapping[str, Sequence[ParsedDirective]]
"""The directives of one level by name."""

_PASSING: Final = (
    "connect_timeout",
    "hide_header",
    "next_upstream",
    "next_upstream_timeout",
    "next_upstream_tries",
    "read_timeout",
    "send_timeout",
    "set_header",
)
"""What `proxy_pass` and `grpc_pass` can be told, each by directives of its own name."""

INHERITED: Final = frozenset(
    [
        "add_header",
        "index",
        "client_max_body_size",
        "limit_req",
        "limit_req_status",
        "proxy_buffering",
        "resolver",
        "set_real_ip_from",
        "ssl_certificate",
        "ssl_certificate_key",
        *(f"{module}_{name}" for module in ("proxy", "grpc") for name in _PASSING),
    ]
)
"""What a level takes from the one above when it says nothing of the kind itself."""


@dataclass(frozen=True)
class Levels:
    """The settings of a location, its server and `http`, the innermost first."""

    levels: tuple[Settings, ...]

    def of_grpc(self) -> Levels:
        """The levels as `grpc_pass` sees them: its own directives count, under the names of `proxy_pass`'s."""
        return Levels(tuple(dict(_of_grpc(level)) for level in self.levels))

    def effective(self, name: str) -> Sequence[ParsedDirective]:
        """The directives of that name at the innermost level that has any."""
        return next((level[name] for level in self.levels if level.get(name)), ())


def _of_grpc(level: Settings) -> Iterator[tuple[str, Sequence[ParsedDirective]]]:
    for name, directives in level.items():
        module, _, rest = name.partition("_")
        if module == "grpc":
            yield f"proxy_{rest}", directives
        elif module != "proxy":
            yield name, directives
