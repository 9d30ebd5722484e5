"""Core of the measurements: how long the layers take, for the debug log."""

from __future__ import annotations

import functools
import logging
import time
from typing import Any, Callable

logger = logging.getLogger("home.metrics")


def timed(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates a function so that its duration is logged."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                logger.debug("%s took %.1f ms", name, (time.perf_counter() - started) * 1000)

        return wrapper

    return decorate
