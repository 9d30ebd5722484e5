"""Core of reading events: one expression instead of a ladder of lookups."""

from __future__ import annotations

from typing import Any

import jmespath as jp


def pick(document: Any, expression: str, default: Any = None) -> Any:
    """What the expression finds in the document, or the default."""
    found = jp.search(expression, document)
    return default if found is None else found
