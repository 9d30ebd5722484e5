"""Core of reading events: one path instead of a ladder of lookups."""

from __future__ import annotations

from typing import Any


def pick(document: Any, path: str, default: Any = None) -> Any:
    """What stands at the dotted path in the document, or the default."""
    for step in path.split("."):
        if isinstance(document, list) and step.isdigit() and int(step) < len(document):
            document = document[int(step)]
        elif isinstance(document, dict) and step in document:
            document = document[step]
        else:
            return default
    return default if document is None else document
