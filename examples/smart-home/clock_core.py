"""Core of time: when an event happened, by its own account."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dateutil import parser as date_parser
from dateutil import tz

import query_core

_TIMES = "[request.timestamp, requestContext.time, time, Records[0].attributes.SentAt][?@] | [0]"


def parse(text: str) -> datetime:
    """A moment in any of the forms that the services write; without a zone it is UTC."""
    if text[2:3] == "/":  # the access log form of API Gateway: 01/Nov/2026:08:15:30 +0000
        text = text.replace(":", " ", 1)
    moment = date_parser.parse(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=tz.UTC)


def event_time(event: dict[str, Any]) -> datetime:
    """When the event happened; now if it does not say."""
    text = query_core.pick(event, _TIMES)
    return parse(text) if text else datetime.now(tz.UTC)
