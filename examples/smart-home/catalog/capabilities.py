"""What each kind of device can be asked for."""

from __future__ import annotations

from .kinds import Kind

_CAPABILITIES = {
    Kind.LIGHT: ("on", "brightness", "colour"),
    Kind.PLUG: ("on",),
    Kind.BLIND: ("position",),
    Kind.THERMOSTAT: ("on", "target"),
    Kind.CAMERA: ("on",),
    Kind.SENSOR: (),
}


def capabilities_of(kind: str) -> tuple[str, ...]:
    """The names that a change may set for this kind of device."""
    return _CAPABILITIES[Kind(kind)]
