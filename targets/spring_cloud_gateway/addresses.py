"""Which addresses stand behind the versions that routes name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from graymesh.ir.release import Facts
from graymesh.targets.spring_cloud_gateway.decode_routes import DecodedRoute

_BALANCED, _DIRECT = "lb://", "http://"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Service id → endpoints. `beside` are ids that no route names, by what they share with others of a service."""

    endpoints: Mapping[str, tuple[str, ...]]
    beside: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def used_by(self, entries: Iterable[DecodedRoute]) -> Addresses:
        """The same, knowing which ids these routes name."""
        used = {entry.version.removeprefix(_BALANCED) for entry in entries}
        beside: dict[str, list[str]] = defaultdict(list)
        for service in self.endpoints:
            if service not in used:
                beside[_family(service)].append(service)
        return Addresses(self.endpoints, beside)

    def of(self, versions: Iterable[str]) -> Facts:
        """The endpoints of these versions, and of those that wait beside them for another stage."""
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for version in sorted(versions):
            service = version.removeprefix(_BALANCED)
            if version.startswith(_DIRECT):
                found[version, "endpoints"] = (version.removeprefix(_DIRECT),)
            for each in (service, *self.beside.get(_family(service), ())):
                if each in self.endpoints:
                    found[_BALANCED + each, "endpoints"] = self.endpoints[each]
        return found


def _family(service: str) -> str:
    """What the ids of one service share: everything after the first dot. An id without a dot has no family."""
    _, dot, rest = service.partition(".")
    return rest if dot else service
