"""Core of the devices: what there is in the home, and how people call it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import config_core
from catalog import capabilities_of
from errors import NotFound


class Device(NamedTuple):
    """One device of the home."""

    id: str
    name: str
    kind: str
    room: str

    def as_dict(self) -> dict[str, Any]:
        """The device as the app shows it."""
        return dict(self._asdict(), capabilities=list(capabilities_of(self.kind)))


def every() -> Iterator[Device]:
    """All devices, in the order of the configuration."""
    for row in config_core.section("devices"):
        yield Device(row["id"], row["name"], row["kind"], row["room"])


def by_id(wanted: str) -> Device:
    """The device with this identifier."""
    for device in every():
        if device.id == wanted:
            return device
    raise NotFound(f"no device {wanted!r}")


def by_spoken_name(spoken: str) -> Device:
    """The device that people call so, with or without its room."""
    words = set(spoken.lower().replace("the ", "").split())
    for device in every():
        name = set(device.name.lower().split())
        if words and (words == name or words == name | {device.room.lower()}):
            return device
    raise NotFound(f"no device called {spoken!r}")
