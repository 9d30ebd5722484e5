"""What one request carries from the handler down to the cores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import clock_core

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class RequestContext:
    """One event with its time, its home and the clients that it may ask for."""

    def __init__(self, event: dict[str, Any], request_id: str, s3_factory: Callable[[], S3Client]) -> None:
        self.event = event
        self.request_id = request_id
        self.kind = "unknown"
        self.now = clock_core.event_time(event)
        self._s3_factory = s3_factory

    @property
    def s3(self) -> S3Client:
        """The S3 client; few requests need one."""
        return self._s3_factory()
