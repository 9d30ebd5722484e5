"""Core of the backup: its format, and how it is packed."""

from __future__ import annotations

import gzip
from typing import Any

from marshmallow import Schema, fields

import answers

DEVICE = Schema.from_dict(
    {
        "id": fields.String(required=True),
        "name": fields.String(required=True),
        "kind": fields.String(required=True),
        "room": fields.String(required=True),
        "state": fields.Dict(keys=fields.String()),
    },
    name="Device",
)
BACKUP = Schema.from_dict(
    {
        "home": fields.String(required=True),
        "taken_at": fields.AwareDateTime(format="iso", required=True),
        "devices": fields.List(fields.Nested(DEVICE), required=True),
    },
    name="Backup",
)


def pack(document: Any) -> bytes:
    """The document as it is stored; equal documents give equal bytes."""
    return gzip.compress(answers.dumps(document).encode(), mtime=0)
