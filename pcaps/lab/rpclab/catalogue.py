"""Names of interfaces and operations, from the files that rpcscope's own catalogue is made of."""

from __future__ import annotations

import functools

import yaml

from . import settings


@functools.cache
def _interfaces() -> dict[str, dict]:
    interfaces = {}
    for file in sorted(settings.CATALOGUE.glob("*.yaml")):
        for interface in yaml.safe_load(file.read_text())["interfaces"]:
            interfaces.setdefault(str(interface["uuid"]).lower(), interface)
    return interfaces


def interface_name(uuid: str) -> str:
    """The name of an interface; its UUID when it has none."""
    return _interfaces().get(uuid, {}).get("name", uuid)


def operation_name(uuid: str, opnum: int) -> str:
    """The name of an operation; its number when it has none."""
    interface = _interfaces().get(uuid)
    while interface:
        if name := interface.get("opnums", {}).get(opnum):
            return name
        # Inherited operations stand with the interface that has them; one without a parent ends the search.
        parent = interface.get("inherits")
        interface = _by_name().get(parent) if parent else None
    return str(opnum)


@functools.cache
def _by_name() -> dict[str, dict]:
    return {interface["name"]: interface for interface in _interfaces().values() if "name" in interface}
