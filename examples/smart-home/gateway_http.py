"""Gateway for the app: method and path to the interface that answers."""

from __future__ import annotations

import re
from typing import Callable

import gateway_auth
import interface_camera
import interface_devices
import interface_energy
import interface_scenes
import interface_status
import interface_tariffs
import query_core
from errors import NotFound
from request_context import RequestContext
from answers import Result

Handler = Callable[..., Result]

PUBLIC: list[tuple[str, re.Pattern[str], Handler]] = [
    ("GET", re.compile(r"/health"), interface_status.health),
]
PRIVATE: list[tuple[str, re.Pattern[str], Handler]] = [
    ("GET", re.compile(r"/devices"), interface_devices.index),
    ("GET", re.compile(r"/devices/(?P<device>[\w-]+)"), interface_devices.show),
    ("PUT", re.compile(r"/devices/(?P<device>[\w-]+)/state"), interface_devices.change),
    ("POST", re.compile(r"/scenes/(?P<scene>[\w-]+)"), interface_scenes.run),
    ("GET", re.compile(r"/tariffs/current"), interface_tariffs.current),
    ("POST", re.compile(r"/cameras/(?P<device>[\w-]+)/snapshots"), interface_camera.snapshot),
    ("GET", re.compile(r"/reports/energy/(?P<month>\d{4}-\d{2})"), interface_energy.monthly),
]


def handle(request: RequestContext) -> Result:
    """Answers one HTTP request of the app."""
    method = query_core.pick(request.event, "requestContext.http.method", "GET")
    path = query_core.pick(request.event, "rawPath", "/").rstrip("/")
    public = _match(PUBLIC, method, path)
    if public is not None:
        handler, arguments = public
        return handler(request, **arguments)
    gateway_auth.require(request.event)
    private = _match(PRIVATE, method, path)
    if private is None:
        raise NotFound(f"no route for {method} {path}")
    handler, arguments = private
    return handler(request, **arguments)


def _match(
    routes: list[tuple[str, re.Pattern[str], Handler]], method: str, path: str
) -> tuple[Handler, dict[str, str]] | None:
    for allowed, pattern, handler in routes:
        found = pattern.fullmatch(path) if allowed == method else None
        if found:
            return handler, found.groupdict()
    return None
