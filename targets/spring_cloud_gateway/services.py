"""One service id per version: Spring chooses instances behind a service id, never between versions behind one."""

from __future__ import annotations

from graymesh.ir.release import Release, Version


def service_id(release: Release, version: str) -> str:
    """`v2.shop.default.svc`: no two versions of a fleet share it, and Java takes it for a host name.

    Java's URI wants the last label of a host name to begin with a letter; namespaces and versions need not.
    """
    return f"{version}.{release.name}.{release.namespace}.svc"


def uri(release: Release, version: str) -> str:
    """Where routes to the version go: `lb://v2.shop.default.svc`."""
    return f"lb://{service_id(release, version)}"


def property_key(service: str) -> str:
    """The service id as a key of a property map; without the brackets Spring would cut it at its dots."""
    return f"[{service}]"


def instances(version: Version) -> list[dict[str, str]]:
    """The version's endpoints as Spring's simple discovery lists them."""
    return [{"uri": f"http://{endpoint}"} for endpoint in version.endpoints]
