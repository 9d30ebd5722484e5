"""The kinds of devices that the hub knows."""

import enum


class Kind(str, enum.Enum):
    """One kind; its value is what the configuration writes."""

    LIGHT = "light"
    PLUG = "plug"
    BLIND = "blind"
    THERMOSTAT = "thermostat"
    CAMERA = "camera"
    SENSOR = "sensor"
