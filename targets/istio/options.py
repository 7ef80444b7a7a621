"""This target's options, typed; the defaults are those of `target.yaml`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from graymesh.kit.target import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """See `target.yaml` for what each option means."""

    gateways: tuple[str, ...] = ()
    createGateway: bool = False  # noqa: N815  the option's own name
    gatewayCredential: str = ""  # noqa: N815
    gatewayNamespace: str = "istio-system"  # noqa: N815
    gatewaySelector: tuple[str, ...] = ("istio=ingressgateway",)  # noqa: N815
    exportTo: tuple[str, ...] = ()  # noqa: N815
    serviceEntry: bool = False  # noqa: N815


_NAMES = tuple(option.name for option in fields(Options))


def options_of(view: View) -> Options:
    """The view's options; what it does not say has its default."""
    said = {name: view.options[name] for name in _NAMES if name in view.options}
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    return Options(**values)
