"""The neighbours of the function on this machine: an S3-compatible server with a bucket, readings and a feed.

As a program it serves until its standard input closes, and prints first the
environment that the function needs, one NAME=VALUE a line, then an empty line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "smart-home"
TARIFFS = {
    "currency": "EUR",
    "steps": [
        {"from": 0, "price": 0.24},
        {"from": 6, "price": 0.31},
        {"from": 17, "price": 0.38},
        {"from": 21, "price": 0.27},
    ],
}


class LocalStack:
    """A server on a free loopback port, filled with what the events ask for."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)

    def __enter__(self) -> LocalStack:
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self.s3 = boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="eu-central-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.s3.put_object(Bucket=BUCKET, Key="energy/2026-10.csv", Body="\n".join(readings()).encode())
        self.publish("feeds/tariffs.json", TARIFFS)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def publish(self, key: str, document: object) -> None:
        """Stores JSON that anybody may read, as a feed does."""
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(document).encode(), ACL="public-read")

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point the function here."""
        return {"S3_ENDPOINT_URL": self.url, "HOME_BUCKET": BUCKET, "FEED_URL": f"{self.url}/{BUCKET}/feeds"}


def readings() -> Iterator[str]:
    """A month of hourly meter readings, the same every time."""
    yield "moment,room,watt_hours"
    for day in range(1, 32):
        for hour in range(24):
            for number, room in enumerate(("Kitchen", "Living", "Bedroom", "Hall"), start=1):
                evening = 140 if 17 <= hour <= 22 else 20
                yield f"2026-10-{day:02d}T{hour:02d}:00:00,{room},{(evening * number + day * 3 + hour) // number}"


if __name__ == "__main__":
    with LocalStack() as stack:
        for name, value in stack.environment.items():
            print(f"{name}={value}")
        print(flush=True)
        sys.stdin.read()
