"""Core of the configuration: the home, its devices and its scenes."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import Any

from errors import HomeError


@lru_cache(maxsize=1)
def home() -> dict[str, Any]:
    """The home as its owner set it up."""
    path = os.environ.get("HOME_FILE") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "home.json")
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def home_id() -> str:
    """The identifier of the home."""
    return home()["id"]


def section(name: str) -> list[dict[str, Any]]:
    """One list of the configuration: devices or scenes."""
    try:
        return home()[name]
    except KeyError:
        raise HomeError(f"the home has no {name}") from None
