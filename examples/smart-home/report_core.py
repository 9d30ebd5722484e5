"""Core of the reports: from meter readings to what a person wants to know."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd

import units_core
from errors import HomeError


def monthly(month: str, readings: bytes) -> dict[str, Any]:
    """Totals by room and by day, and the hour that costs most.

    The readings are CSV: moment, room, watt_hours.
    """
    table = pd.read_csv(io.BytesIO(readings), parse_dates=["moment"])
    table = table[table["moment"].dt.strftime("%Y-%m") == month]
    if table.empty:
        raise HomeError(f"the readings have nothing about {month}")
    rooms = table.groupby("room")["watt_hours"].sum().sort_values(ascending=False)
    days = table.groupby(table["moment"].dt.day)["watt_hours"].sum()
    hours = table.groupby(table["moment"].dt.hour)["watt_hours"].mean()
    return {
        "month": month,
        "total_kwh": units_core.kilowatt_hours(table["watt_hours"].sum()),
        "rooms": {room: units_core.kilowatt_hours(value) for room, value in rooms.items()},
        "busiest_day": int(days.idxmax()),
        "busiest_hour": int(hours.idxmax()),
        "change_percent": _trend(days.reset_index(drop=True)),
    }


def _trend(days: Any) -> float:
    """The second half of the month against the first, in percent."""
    half = len(days) // 2
    first, second = pd.Series(days[:half]).mean(), pd.Series(days[-half:]).mean()
    return round(float(second / first - 1) * 100, 1)
