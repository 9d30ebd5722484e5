"""Interface of the cameras: snapshots go to the home's bucket."""

from __future__ import annotations

import base64
from os import urandom
from typing import TYPE_CHECKING

import device_core
import storage_core
from answers import Result
from errors import HomeError

if TYPE_CHECKING:
    from request_context import RequestContext


def snapshot(request: RequestContext, device: str) -> Result:
    """Stores one picture; the body is the JPEG, base64 as API Gateway sends it."""
    camera = device_core.by_id(device)
    if camera.kind != "camera":
        raise HomeError(f"{camera.name} is no camera")
    name = request.event.get("headers", {}).get("x-snapshot-id") or urandom(4).hex()
    picture = base64.b64decode(request.event.get("body") or "", validate=True)
    key = f"snapshots/{camera.id}/{request.now:%Y/%m/%d/%H%M%S}-{name}.jpg"
    checksum = storage_core.write(request.s3, key, picture, "image/jpeg")
    return Result({"key": key, "bytes": len(picture), "checksum": checksum}, status=201)
