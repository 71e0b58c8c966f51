"""Scenes for the detector: a box and a kind for every article."""

from typing import Final

from prunescope.sample_models import scenes

CLASSES: Final = scenes.KINDS


def arrays(name: str) -> tuple[scenes.Reals, dict[str, scenes.Reals | scenes.Whole]]:
    """Return pictures ``(n, 1, 48, 48)`` of one of the splits, and what is on them.

    Returns:
        Pictures; ``boxes`` ``(n, 3, 4)`` and ``labels`` ``(n, 3)``, -1 where there is no article.
    """
    read = scenes.split(name)
    return read.pictures, {"boxes": read.boxes, "labels": read.kinds}
