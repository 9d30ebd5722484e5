"""Interface of the voice skill: intents become device commands and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import device_core
import scene_core
import state_core
from answers import Result
from errors import NotFound
from metrics_core import timed

if TYPE_CHECKING:
    from request_context import RequestContext


@timed("alexa")
def handle(request: RequestContext) -> Result:
    """Answers one request of the skill; a device nobody knows is no error but a sentence."""
    asked = request.event["request"].get("intent", {})
    intent, slots = asked.get("name"), asked.get("slots", {})
    spoken = next((slot["value"] for slot in slots.values() if "value" in slot), "")
    try:
        if intent in ("TurnOnIntent", "TurnOffIntent"):
            device = device_core.by_spoken_name(spoken)
            state_core.change(device, {"on": intent == "TurnOnIntent"})
            return Result({}, "switched", {"device": device.name, "on": intent == "TurnOnIntent"})
        if intent == "SceneIntent":
            scene = scene_core.by_spoken_name(spoken)
            changed = scene_core.run(scene)
            return Result({}, "scene", {"scene": scene["name"], "count": len(changed)})
        if intent == "StatusIntent":
            device = device_core.by_spoken_name(spoken)
            return Result({}, "status", {"device": device.name, "state": state_core.current(device)})
    except NotFound:
        return Result({}, "unknown", {"name": spoken}, status=202)
    return Result({}, "help", {"devices": [device.name for device in device_core.every()][:3]}, status=202)
