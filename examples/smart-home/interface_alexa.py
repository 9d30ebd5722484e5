"""Interface of the voice skill: intents become device commands and sentences."""

from __future__ import annotations

import device_core
import query_core
import scene_core
import state_core
from errors import NotFound
from metrics_core import timed
from request_context import RequestContext
from answers import Result


@timed("alexa")
def handle(request: RequestContext) -> Result:
    """Answers one request of the skill; a device nobody knows is no error but a sentence."""
    intent = query_core.pick(request.event, "request.intent.name", "")
    spoken = query_core.pick(request.event, "request.intent.slots.*.value | [0]", "")
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
