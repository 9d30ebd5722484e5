"""Core of all caching: values with an expiry, for the life of the process."""

from __future__ import annotations

import time
from typing import Any, Hashable

_values: dict[Hashable, tuple[float, Any]] = {}


def get(key: Hashable) -> Any:
    """The value, or None when there is none or it is too old."""
    expiry, value = _values.get(key, (0.0, None))
    return value if expiry > time.time() else None


def put(key: Hashable, value: Any, seconds: float) -> None:
    """Keeps the value for some seconds."""
    _values[key] = (time.time() + seconds, value)


def evict(now: float) -> int:
    """Drops what is too old; returns how many values went."""
    old = [key for key, (expiry, _) in _values.items() if expiry <= now]
    for key in old:
        del _values[key]
    return len(old)


def clear() -> None:
    """Forgets everything."""
    _values.clear()
