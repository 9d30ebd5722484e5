"""Everything that goes to the bucket, over HTTP to the local server."""

import gzip
import json
from unittest import mock

import gateway_auth


def test_snapshot_is_stored(call, stack):
    answer = call("camera_snapshot")
    assert answer["statusCode"] == 201
    body = json.loads(answer["body"])
    assert body["key"] == "snapshots/cam-1/2026/11/03/191244-9c41.jpg"
    stored = stack.s3.get_object(Bucket="smart-home", Key=body["key"])
    assert stored["ContentType"] == "image/jpeg"
    assert stored["Body"].read()[:3] == b"\xff\xd8\xff"


def test_snapshot_without_an_identifier_gets_one(call):
    with mock.patch("interface_camera.urandom", return_value=b"\xca\xfe\x01\x23"):
        answer = call("camera_snapshot", headers={"authorization": f"Bearer {gateway_auth.token()}"})
    assert json.loads(answer["body"])["key"].endswith("-cafe0123.jpg")


def test_only_cameras_take_pictures(app):
    assert app("POST", "/cameras/lamp-1/snapshots")[0] == 400


def test_energy_report(call):
    body = json.loads(call("energy_report")["body"])
    assert body["month"] == "2026-10"
    assert body["rooms"] == {"Kitchen": 81.47, "Living": 59.15, "Bedroom": 51.71, "Hall": 47.99}
    assert round(sum(body["rooms"].values()), 1) == round(body["total_kwh"], 1)
    assert body["busiest_day"] == 31


def test_energy_report_of_a_month_without_readings(app):
    assert app("GET", "/reports/energy/2025-01") == (404, {"error": "no readings for 2025-01"})


def test_backup_holds_the_home(call, stack):
    answer = call("nightly_backup")
    assert (answer["key"], answer["devices"]) == ("backups/2026-11-04.json.gz", 7)
    stored = stack.s3.get_object(Bucket="smart-home", Key=answer["key"])["Body"].read()
    assert len(stored) == answer["bytes"]
    backup = json.loads(gzip.decompress(stored))
    assert backup["taken_at"] == "2026-11-04T02:00:00+00:00"
    assert backup["devices"][0]["state"] == {"on": False, "brightness": 70}
