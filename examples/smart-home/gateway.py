"""Gateway: finds out what kind of event came in and hands it to its interface."""

from __future__ import annotations

import re
from typing import Any, Callable

import answers
import gateway_auth
import interface_alexa
import interface_backup
import interface_camera
import interface_devices
import interface_energy
import interface_hub
import interface_scenes
import interface_status
import interface_tariffs
import query_core
import speech_core
from errors import NotFound
from metrics_core import timed
from request_context import RequestContext

Interface = Callable[..., answers.Result]

ROUTES: list[tuple[str, re.Pattern[str], Interface]] = [
    ("GET", re.compile(r"/health"), interface_status.health),
    ("GET", re.compile(r"/devices"), interface_devices.index),
    ("GET", re.compile(r"/devices/(?P<device>[\w-]+)"), interface_devices.show),
    ("PUT", re.compile(r"/devices/(?P<device>[\w-]+)/state"), interface_devices.change),
    ("POST", re.compile(r"/scenes/(?P<scene>[\w-]+)"), interface_scenes.run),
    ("GET", re.compile(r"/tariffs/current"), interface_tariffs.current),
    ("POST", re.compile(r"/cameras/(?P<device>[\w-]+)/snapshots"), interface_camera.snapshot),
    ("GET", re.compile(r"/reports/energy/(?P<month>\d{4}-\d{2})"), interface_energy.monthly),
]
PUBLIC = {"/health"}


@timed("dispatch")
def dispatch(request: RequestContext) -> dict[str, Any]:
    """Answers the request, with a sentence for people where there is one."""
    request.kind = classify(request.event)
    if request.kind == "alexa":
        result = interface_alexa.handle(request)
        return answers.voice(_sentence(request, result), end=result.status != 202)
    if request.kind == "http":
        result = _http(request)
        return answers.http(result, _sentence(request, result) if result.phrase else "")
    if request.kind == "hub":
        return interface_hub.handle(request)
    if request.kind == "schedule":
        return interface_backup.handle(request)
    raise NotFound("no interface for this event")


def classify(event: dict[str, Any]) -> str:
    """alexa, http, hub, schedule or unknown."""
    if query_core.pick(event, "request.type"):
        return "alexa"
    if query_core.pick(event, "requestContext.http"):
        return "http"
    if query_core.pick(event, "Records.0.eventSource") == "aws:sqs":
        return "hub"
    return "schedule" if event.get("source") == "aws.events" else "unknown"


def _http(request: RequestContext) -> answers.Result:
    """Method and path choose the interface; all but the public ones ask for the home's token."""
    method = query_core.pick(request.event, "requestContext.http.method", "GET")
    path = query_core.pick(request.event, "rawPath", "/").rstrip("/")
    if path not in PUBLIC:
        gateway_auth.require(request.event)
    for allowed, pattern, interface in ROUTES:
        found = pattern.fullmatch(path) if allowed == method else None
        if found:
            return interface(request, **found.groupdict())
    raise NotFound(f"no route for {method} {path}")


def _sentence(request: RequestContext, result: answers.Result) -> str:
    header = query_core.pick(request.event, "headers.accept-language", "en")
    language = query_core.pick(request.event, "request.locale", header)
    return speech_core.say(result.phrase, language, **result.values)
