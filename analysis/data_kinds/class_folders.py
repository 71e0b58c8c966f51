"""Whether a folder holds images by class, told from a few entries: a disk has millions."""

import os
import time
from pathlib import Path
from typing import Final

from prunescope.errors import DataMismatch
from prunescope.text.numbers import counted

_ENDINGS: Final = (
    ".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp",
)  # fmt: skip
"""What torchvision's ``ImageFolder`` takes for an image."""
_PATIENCE: Final = 2000
"""Other entries in one class before its first image."""
_SECONDS: Final = 5.0


def require_images(folder: Path) -> None:
    """Raise ``DataMismatch`` unless every folder in ``folder`` soon shows an image.

    ``ImageFolder`` walks everything below, which takes minutes where there are other things, and
    ends with the same answer.
    """
    end = time.monotonic() + _SECONDS
    with os.scandir(folder) as entries:
        classes = sorted(entry.name for entry in entries if entry.is_dir())
    for name in classes:
        seen = _before_an_image(folder / name, end)
        if seen is not None:
            raise DataMismatch(
                f"Expected {folder} to hold one folder of images per class, but {name} holds none "
                f"among its first {counted(seen, 'file')}. Arrange it as DIR/class/image.jpg."
            )
        if time.monotonic() > end:
            return  # a slow disk, but full of images


def _before_an_image(folder: Path, end: float) -> int | None:
    """How many files were looked at without meeting an image, or None when there is one."""
    seen = 0
    for _, _, names in os.walk(folder, followlinks=True):
        for name in names:
            if name.lower().endswith(_ENDINGS):
                return None
            seen += 1
        if seen > _PATIENCE or time.monotonic() > end:
            break
    return seen
