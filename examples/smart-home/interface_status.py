"""Interface of the health check."""

from __future__ import annotations

import config_core
from request_context import RequestContext
from answers import Result


def health(request: RequestContext) -> Result:
    """Says that the function answers, and for which home."""
    return Result({"home": config_core.home_id(), "ok": True})
