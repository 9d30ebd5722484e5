"""Interface of the app's price widget."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import interface_cache
import tariff_core
from answers import Result

if TYPE_CHECKING:
    from request_context import RequestContext


def current(request: RequestContext) -> Result:
    """What a kilowatt-hour costs at the moment."""
    base = os.environ.get("FEED_URL", "https://feeds.example.com")
    tariffs = interface_cache.fetch(f"{base}/tariffs.json", seconds=900)
    price, until = tariff_core.price_at(tariffs, request.now.hour)
    return Result({"price": price, "currency": tariffs["currency"], "until": f"{until:02d}:00"})
