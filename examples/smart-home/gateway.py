"""Gateway: finds out what kind of event came in and hands it to its interface."""

from __future__ import annotations

from typing import Any

import gateway_http
import interface_alexa
import interface_backup
import interface_hub
import query_core
import answers
import speech_core
from errors import NotFound
from metrics_core import timed
from request_context import RequestContext

_KIND = """
[
    request.type && 'alexa',
    requestContext.http.method && 'http',
    Records[0].eventSource == 'aws:sqs' && 'hub' || null,
    source == 'aws.events' && 'schedule' || null
]
"""


@timed("dispatch")
def dispatch(request: RequestContext) -> dict[str, Any]:
    """Answers the request, with a sentence for people where there is one."""
    request.kind = classify(request.event)
    if request.kind == "alexa":
        result = interface_alexa.handle(request)
        return answers.voice(_sentence(request, result), end=result.status != 202)
    if request.kind == "http":
        result = gateway_http.handle(request)
        return answers.http(result, _sentence(request, result) if result.phrase else "")
    if request.kind == "hub":
        return interface_hub.handle(request)
    if request.kind == "schedule":
        return interface_backup.handle(request)
    raise NotFound("no interface for this event")


def classify(event: dict[str, Any]) -> str:
    """alexa, http, hub, schedule or unknown."""
    return next((kind for kind in query_core.pick(event, _KIND, []) if isinstance(kind, str)), "unknown")


def _sentence(request: RequestContext, result: answers.Result) -> str:
    language = query_core.pick(request.event, "request.locale || headers.\"accept-language\"", "en")
    return speech_core.say(result.phrase, language, **result.values)
