"""Lambda entry of the smart home backend: voice skill, app, hub and nightly jobs."""

from __future__ import annotations

import json
import logging
import os
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3

import cache_core
import gateway
from answers import HomeError, failure
from request_context import RequestContext

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger("home")
logger.setLevel(logging.INFO)

_s3: S3Client | None = None


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answers one event of any kind; domain errors become their own answers."""
    started = time.perf_counter()
    request = RequestContext(event, getattr(context, "aws_request_id", "local"), s3_client)
    cache_core.evict()
    try:
        answer = gateway.dispatch(request)
    except HomeError as error:
        answer = failure(error)
    except Exception as error:
        _alert(request.request_id, error)
        raise
    logger.info(
        json.dumps(
            {
                "request": request.request_id,
                "kind": request.kind,
                "status": answer.get("statusCode", 200),
                "ms": round((time.perf_counter() - started) * 1000, 1),
            }
        )
    )
    return answer


def s3_client() -> S3Client:
    """The S3 client of this process, made when the first request needs it."""
    global _s3
    if _s3 is None:
        _s3 = boto3.client(
            "s3",
            endpoint_url=os.environ.get("S3_ENDPOINT_URL") or None,
            region_name=os.environ.get("AWS_DEFAULT_REGION", "eu-central-1"),
        )
    return _s3


def _alert(request_id: str, error: Exception) -> None:
    """Tells the on-call channel about a crash; never hides the crash itself."""
    url = os.environ.get("ALERT_URL")
    if not url:
        return
    body = json.dumps({"request": request_id, "error": repr(error)}).encode()
    try:
        urllib.request.urlopen(urllib.request.Request(url, data=body, method="POST"), timeout=2)
    except OSError:
        logger.warning("alert for %s was not delivered", request_id)
