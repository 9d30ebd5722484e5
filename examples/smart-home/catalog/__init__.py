"""The catalogue: what kinds of devices can do, and how the home speaks of them."""

from .capabilities import capabilities_of as capabilities_of
from .phrases import PHRASES as PHRASES
