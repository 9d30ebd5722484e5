"""Core of time: when an event happened, by its own account."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import query_core


def parse(text: str) -> datetime:
    """A moment in any of the forms that the services write; without a zone it is UTC."""
    if text[2:3] == "/":  # the access log form of API Gateway: 01/Nov/2026:08:15:30 +0000
        return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def event_time(event: dict[str, Any]) -> datetime:
    """When the event happened; now if it does not say."""
    for path in ("time", "request.timestamp", "requestContext.time", "Records.0.attributes.SentAt"):
        text = query_core.pick(event, path)
        if text:
            return parse(text)
    return datetime.now(timezone.utc)
