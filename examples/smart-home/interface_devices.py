"""Interface of the app's device pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import device_core
import state_core
from answers import Result
from errors import HomeError

if TYPE_CHECKING:
    from request_context import RequestContext


def index(request: RequestContext) -> Result:
    """Every device with its state."""
    devices = [dict(device.as_dict(), state=state_core.current(device)) for device in device_core.every()]
    active = sum(1 for device in devices if device["state"].get("on"))
    return Result({"devices": devices}, "overview", {"count": len(devices), "active": active})


def show(request: RequestContext, device: str) -> Result:
    """One device with its state."""
    found = device_core.by_id(device)
    state = state_core.current(found)
    return Result(dict(found.as_dict(), state=state), "status", {"device": found.name, "state": state})


def change(request: RequestContext, device: str) -> Result:
    """Sets what the body names; the rest of the state stays."""
    found = device_core.by_id(device)
    try:
        wanted = json.loads(request.event.get("body") or "{}")
    except json.JSONDecodeError as error:
        raise HomeError(f"the body is not JSON: {error}") from error
    state = state_core.change(found, wanted)
    return Result({"id": found.id, "state": state}, "switched", {"device": found.name, "on": bool(state.get("on"))})
