"""Core of all caching: values with an expiry, for the life of the process."""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import Any

from cachetools import TLRUCache


def _expiry(_: Hashable, entry: tuple[float, Any], now: float) -> float:
    return now + entry[0]


_entries: TLRUCache = TLRUCache(maxsize=4096, ttu=_expiry, timer=time.monotonic)


def get(key: Hashable) -> Any:
    """The value, or None when there is none or it is too old."""
    return _entries.get(key, (0.0, None))[1]


def put(key: Hashable, value: Any, seconds: float) -> None:
    """Keeps the value for some seconds."""
    _entries[key] = (seconds, value)


def evict() -> int:
    """Drops what is too old; returns how many values are left."""
    _entries.expire()
    return len(_entries)


def clear() -> None:
    """Forgets everything."""
    _entries.clear()
