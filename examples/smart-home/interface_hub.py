"""Interface of the hub: batches of state reports from the home's queue."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import device_core
import state_core
from errors import NotFound

if TYPE_CHECKING:
    from request_context import RequestContext

logger = logging.getLogger("home.hub")


def handle(request: RequestContext) -> dict[str, Any]:
    """Takes over the reported states; messages that cannot be read go back to the queue."""
    failed = []
    for record in request.event["Records"]:
        try:
            report = json.loads(record["body"])
            state_core.report(device_core.by_id(report["device"]), report["state"])
        except (json.JSONDecodeError, KeyError, NotFound) as error:
            logger.warning("message %s: %r", record["messageId"], error)
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
