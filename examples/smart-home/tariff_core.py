"""Core of the prices: which of a day's steps an hour belongs to."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from errors import HomeError


def price_at(tariffs: dict[str, Any], hour: int) -> tuple[float, int]:
    """The price at this hour, and the hour at which it ends."""
    steps = sorted((step["from"], step["price"]) for step in tariffs["steps"])
    if not steps or steps[0][0] != 0:
        raise HomeError("the tariffs do not start at midnight")
    index = bisect_right([start for start, _ in steps], hour) - 1
    until = steps[index + 1][0] if index + 1 < len(steps) else 24
    return steps[index][1], until
