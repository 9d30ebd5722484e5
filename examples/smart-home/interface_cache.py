"""Interface to public feeds, with a cache in front of them."""

from __future__ import annotations

from typing import Any

import requests

import cache_core
from errors import Unavailable


def fetch(url: str, seconds: float) -> Any:
    """The feed's JSON, at most `seconds` old."""
    cached = cache_core.get(("feed", url))
    if cached is not None:
        return cached
    try:
        answer = requests.get(url, timeout=3)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise Unavailable(f"the feed {url} does not answer") from error
    document = answer.json()
    cache_core.put(("feed", url), document, seconds)
    return document
