"""Scenes for the segmenter: a class for every pixel."""

from typing import Final

from prunescope.sample_models import scenes

CLASSES: Final = ("background", *scenes.KINDS)


def arrays(name: str) -> tuple[scenes.Reals, scenes.Whole]:
    """Return pictures ``(n, 1, 48, 48)`` and masks ``(n, 48, 48)`` of one of the splits."""
    read = scenes.split(name)
    return read.pictures, read.masks
