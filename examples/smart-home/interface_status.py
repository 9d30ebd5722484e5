"""Interface of the health check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import config_core
from answers import Result

if TYPE_CHECKING:
    from request_context import RequestContext


def health(request: RequestContext) -> Result:
    """Says that the function answers, and for which home."""
    return Result({"home": config_core.home_id(), "ok": True})
