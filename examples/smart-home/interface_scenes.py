"""Interface of the app's scene buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import scene_core
from answers import Result

if TYPE_CHECKING:
    from request_context import RequestContext


def run(request: RequestContext, scene: str) -> Result:
    """Runs a scene and says what it changed."""
    found = scene_core.by_id(scene)
    changed = scene_core.run(found)
    return Result({"scene": found["id"], "changed": changed}, "scene", {"scene": found["name"], "count": len(changed)})
