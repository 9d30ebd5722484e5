"""Core of the states: what the hub reported, and what was asked of it since."""

from __future__ import annotations

from typing import Any

import cache_core
import config_core
from catalog import capabilities_of
from device_core import Device
from errors import HomeError

_DAY = 86_400.0


def current(device: Device) -> dict[str, Any]:
    """The device's state: the configuration's, the hub's last report, wishes since then."""
    states = (row.get("state", {}) for row in config_core.section("devices") if row["id"] == device.id)
    return {**next(states, {}), **(cache_core.get(("state", device.id)) or {})}


def change(device: Device, wanted: dict[str, Any]) -> dict[str, Any]:
    """Asks for a change; returns the state as it will be."""
    unable = sorted(set(wanted) - set(capabilities_of(device.kind)))
    if unable:
        raise HomeError(f"{device.name} cannot set {', '.join(unable)}")
    return report(device, wanted)


def report(device: Device, reported: dict[str, Any]) -> dict[str, Any]:
    """Takes over what the hub reported."""
    state = {**current(device), **reported}
    cache_core.put(("state", device.id), state, _DAY)
    return state
