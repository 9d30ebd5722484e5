"""Fixtures: the local stack, a fresh cache for every test, and the event files."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from local_stack import LocalStack

import cache_core
import gateway_auth
import lambda_function

EVENTS = pathlib.Path(__file__).parent.parent / "events"


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """The S3-compatible server, one for the whole session."""
    with LocalStack() as running:
        yield running


@pytest.fixture(autouse=True)
def environment(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Points the function at the stack and forgets what earlier tests did."""
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("ALERT_URL", raising=False)
    monkeypatch.setattr(lambda_function, "_s3", None)
    cache_core.clear()
    yield


@pytest.fixture
def call() -> Callable[..., Any]:
    """Sends an event file to the handler, with some of its keys replaced."""

    def send(name: str, **changes: Any) -> Any:
        event = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
        event.update(changes)
        return lambda_function.lambda_handler(event, None)

    return send


@pytest.fixture
def app() -> Callable[..., Any]:
    """One HTTP request of the app: status and body."""

    def send(method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        event = {
            "rawPath": path,
            "headers": {"authorization": f"Bearer {gateway_auth.token()}", **headers},
            "requestContext": {"http": {"method": method}, "time": "03/Nov/2026:18:41:00 +0000"},
            "body": json.dumps(body) if body is not None else None,
        }
        answer = lambda_function.lambda_handler(event, None)
        return answer["statusCode"], json.loads(answer["body"])

    return send
