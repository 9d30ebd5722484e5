"""The handler itself: the hub's batches, crashes and alerts."""

import json
from unittest import mock

import pytest

import lambda_function


def test_hub_batch_returns_what_it_could_not_read(call, app):
    assert call("hub_report") == {"batchItemFailures": [{"itemIdentifier": "0d6f3a52-0003-4c1e-9b6c-5f0e8a7d1c03"}]}
    assert app("GET", "/devices/temp-1")[1]["state"] == {"celsius": 6.9}


def test_event_of_no_kind():
    assert lambda_function.lambda_handler({}, None)["statusCode"] == 404


def test_crash_is_raised_and_alerted(call, monkeypatch):
    monkeypatch.setenv("ALERT_URL", "https://alerts.example.com/home")
    with mock.patch("lambda_function.gateway.dispatch", side_effect=ZeroDivisionError("boom")):
        with mock.patch("lambda_function.urllib.request.urlopen") as urlopen:
            with pytest.raises(ZeroDivisionError):
                call("app_health")
    sent = urlopen.call_args.args[0]
    assert sent.full_url == "https://alerts.example.com/home"
    assert json.loads(sent.data) == {"request": "local", "error": "ZeroDivisionError('boom')"}


def test_alert_that_fails_hides_nothing(call, monkeypatch):
    monkeypatch.setenv("ALERT_URL", "http://127.0.0.1:1/")
    with mock.patch("lambda_function.gateway.dispatch", side_effect=ZeroDivisionError("boom")):
        with pytest.raises(ZeroDivisionError):
            call("app_health")


def test_one_client_for_the_whole_process(call):
    call("camera_snapshot")
    assert lambda_function.s3_client() is lambda_function.s3_client()
