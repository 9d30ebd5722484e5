"""Interface of the nightly backup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backup_core
import config_core
import device_core
import state_core
import storage_core

if TYPE_CHECKING:
    from request_context import RequestContext

SCHEMA = backup_core.BACKUP()


def handle(request: RequestContext) -> dict[str, Any]:
    """Writes the home with all its states to the bucket."""
    backup = {
        "home": config_core.home_id(),
        "taken_at": request.now,
        "devices": [dict(device.as_dict(), state=state_core.current(device)) for device in device_core.every()],
    }
    key = f"backups/{request.now:%Y-%m-%d}.json.gz"
    size = storage_core.write_large(request.s3, key, backup_core.pack(SCHEMA.dump(backup)))
    return {"key": key, "bytes": size, "devices": len(backup["devices"])}
