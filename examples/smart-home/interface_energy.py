"""Interface of the monthly energy report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import report_core
import storage_core
from answers import Result
from errors import NotFound

if TYPE_CHECKING:
    from request_context import RequestContext


def monthly(request: RequestContext, month: str) -> Result:
    """Consumption by room and by day of one month, from the meter's readings."""
    readings = storage_core.read(request.s3, f"energy/{month}.csv")
    if readings is None:
        raise NotFound(f"no readings for {month}")
    return Result(report_core.monthly(month, readings))
