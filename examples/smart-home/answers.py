"""Answers in the forms that API Gateway and the voice service expect."""

from __future__ import annotations

import json
from typing import Any

from errors import HomeError as HomeError  # callers get it with the answers

try:
    import orjson
except ImportError:
    orjson = None


class Result:
    """What an interface found out: a body for programs, a phrase for people."""

    def __init__(self, body: Any, phrase: str = "", values: dict[str, Any] | None = None, status: int = 200) -> None:
        self.body = body
        self.phrase = phrase
        self.values = values or {}
        self.status = status


def dumps(value: Any) -> str:
    """Compact JSON with sorted keys, by the fastest encoder that is installed."""
    if orjson is not None:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def http(result: Result, summary: str = "") -> dict[str, Any]:
    """The answer of API Gateway's payload format 2.0."""
    body = dict(result.body)
    if summary:
        body["summary"] = summary
    return {"statusCode": result.status, "headers": {"content-type": "application/json"}, "body": dumps(body)}


def voice(speech: str, end: bool = True) -> dict[str, Any]:
    """The answer of a voice skill."""
    return {
        "version": "1.0",
        "response": {"outputSpeech": {"type": "PlainText", "text": speech}, "shouldEndSession": end},
    }


def failure(error: HomeError) -> dict[str, Any]:
    """The answer for a domain error."""
    return http(Result({"error": str(error)}, status=error.status))
