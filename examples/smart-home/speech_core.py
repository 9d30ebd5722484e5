"""Core of language: phrases of the catalogue, filled in for people."""

from __future__ import annotations

from typing import Any

import jinja2

from catalog import PHRASES


def say(phrase: str, language: str, **values: Any) -> str:
    """The sentence in the first language of the header or locale that the catalogue has."""
    phrases = PHRASES.get(language[:2].lower(), PHRASES["en"])
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(phrases[phrase]).render(**values)
