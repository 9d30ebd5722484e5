"""Core of the scenes: several wishes under one name."""

from __future__ import annotations

from typing import Any

import config_core
import device_core
import state_core
from errors import NotFound


def by_id(wanted: str) -> dict[str, Any]:
    """The scene with this identifier."""
    return _find("id", wanted)


def by_spoken_name(spoken: str) -> dict[str, Any]:
    """The scene that people call so."""
    return _find("name", spoken)


def run(scene: dict[str, Any]) -> list[str]:
    """Asks for everything that the scene names; returns the devices that change."""
    changed = []
    for identifier, wanted in scene["states"].items():
        device = device_core.by_id(identifier)
        if any(state_core.current(device).get(key) != value for key, value in wanted.items()):
            state_core.change(device, wanted)
            changed.append(device.id)
    return changed


def _find(key: str, wanted: str) -> dict[str, Any]:
    for scene in config_core.section("scenes"):
        if scene[key].lower() == wanted.lower():
            return scene
    raise NotFound(f"no scene {wanted!r}")
