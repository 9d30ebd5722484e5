"""The app's routes."""

import json

from local_stack import BUCKET, TARIFFS


def test_devices_come_with_state_and_summary(call):
    body = json.loads(call("app_devices")["body"])
    assert [device["id"] for device in body["devices"]][:2] == ["lamp-1", "lamp-2"]
    assert body["devices"][0]["capabilities"] == ["on", "brightness", "colour"]
    assert body["summary"] == "3 of 7 devices are on."


def test_state_changes_last(app):
    assert app("PUT", "/devices/lamp-1/state", {"on": True})[0] == 200
    status, body = app("GET", "/devices/lamp-1")
    assert (status, body["state"]) == (200, {"on": True, "brightness": 70})


def test_summary_is_in_the_language_of_the_app(call):
    assert json.loads(call("app_set_state")["body"])["summary"] == "Reading lamp ist jetzt an."


def test_scene(call):
    body = json.loads(call("app_scene")["body"])
    assert body["changed"] == ["lamp-1", "lamp-2"]


def test_health_needs_no_token(call):
    answer = call("app_health")
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"home": "home-7f3a", "ok": True})


def test_wrong_token(app):
    assert app("GET", "/devices", authorization="Bearer nonsense")[0] == 401


def test_unknown_route_and_device(call, app):
    assert call("app_unknown")["statusCode"] == 404
    assert app("GET", "/devices/lamp-9") == (404, {"error": "no device 'lamp-9'"})


def test_body_that_is_not_json(call):
    assert call("app_set_state", body="{on")["statusCode"] == 400


def test_tariff_comes_from_the_feed_once(call, stack):
    assert json.loads(call("app_tariff")["body"]) == {"currency": "EUR", "price": 0.38, "until": "21:00"}
    stack.s3.delete_object(Bucket=BUCKET, Key="feeds/tariffs.json")
    try:
        assert call("app_tariff")["statusCode"] == 200
    finally:
        stack.publish("feeds/tariffs.json", TARIFFS)


def test_feed_that_does_not_answer(call, monkeypatch):
    monkeypatch.setenv("FEED_URL", "http://127.0.0.1:1/feeds")
    assert call("app_tariff")["statusCode"] == 503
