"""Core of the units: meters count watt-hours, people kilowatt-hours."""


def kilowatt_hours(watt_hours: float) -> float:
    """Watt-hours in kilowatt-hours, to the digit that bills show."""
    return round(float(watt_hours) / 1000, 2)
