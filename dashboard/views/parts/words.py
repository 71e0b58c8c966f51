"""What the granularities are called on the pages."""

from typing import Final

WORDS: Final = {"weight": "Weights become zero", "channel": "Channels leave", "head": "Heads leave"}
