"""Gateway's door: the app proves with a token which home it belongs to."""

from __future__ import annotations

import hmac
import os
from hashlib import sha256
from typing import Any

import config_core
from errors import Unauthorized


def token() -> str:
    """The token of this home."""
    secret = os.environ.get("HOME_TOKEN_SECRET", "local")
    return hmac.new(secret.encode(), config_core.home_id().encode(), sha256).hexdigest()


def require(event: dict[str, Any]) -> None:
    """Raises Unauthorized unless the event carries the home's token."""
    given = event.get("headers", {}).get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {token()}".encode()):
        raise Unauthorized("the token is missing or wrong")
