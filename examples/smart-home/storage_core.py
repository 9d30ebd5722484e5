"""Core of the storage: objects in the home's bucket."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def bucket() -> str:
    """The bucket of this home."""
    return os.environ.get("HOME_BUCKET", "smart-home")


def read(client: S3Client, key: str) -> bytes | None:
    """The object, or None when there is none."""
    try:
        return client.get_object(Bucket=bucket(), Key=key)["Body"].read()
    except client.exceptions.NoSuchKey:
        return None


def write(client: S3Client, key: str, data: bytes, content_type: str) -> str:
    """Stores a small object; returns the checksum that the storage has of it."""
    stored = client.put_object(Bucket=bucket(), Key=key, Body=data, ContentType=content_type)
    return stored["ETag"].strip('"')


def write_large(client: S3Client, key: str, data: bytes) -> int:
    """Stores an object in parts; returns its size."""
    from boto3.s3.transfer import TransferConfig  # only the nightly backup is that large

    config = TransferConfig(multipart_threshold=8 * 1024 * 1024, max_concurrency=2)
    client.upload_fileobj(io.BytesIO(data), bucket(), key, Config=config)
    return len(data)
