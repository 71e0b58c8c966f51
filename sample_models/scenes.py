"""Scenes: articles of Fashion-MNIST laid on textures, with a class for every pixel, a box for each.

A scene is 48×48 grey pixels: smooth noise between two shades, and one to three articles on it, 16
to 28 pixels large, mirrored at random, later ones in front. Their ten classes are five kinds.

The articles of *calibration*, *validation* and *test* scenes are those of the packaged splits of
the same name, so no article is in two splits; *train* scenes are of calibration articles too.
Scenes are composed anew from a fixed seed each time; nothing is stored.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from prunescope.sample_models import fashion_mnist

SIZE: Final = 48
KINDS: Final = ("top", "trouser", "dress", "shoe", "bag")
KIND_OF_CLASS: Final = np.array([0, 1, 0, 2, 0, 3, 0, 3, 4, 3])
SPLITS: Final = ("calibration", "validation", "test")
COUNTS: Final = {"train": 4000, "calibration": 1000, "validation": 500, "test": 500}
MOST: Final = 3
"""Articles in a scene, at most."""

_SEEDS: Final = {"train": 1, "calibration": 2, "validation": 3, "test": 4}
_INK: Final = 24
"""Shade of 0 to 255 from which a pixel is the article's."""
_SHARED: Final = 0.25
"""Of an article's own box, at most so much lies in the box of another."""

Reals = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Scenes:
    """Scenes of one split.

    Attributes:
        pictures: ``(n, 1, 48, 48)``, about zero mean and unit deviation.
        masks: ``(n, 48, 48)``, 0 for the background, else 1 + the kind's index.
        boxes: ``(n, 3, 4)``, corners x₁ y₁ x₂ y₂ from 0 to 1; zeros where there is no article.
        kinds: ``(n, 3)``, -1 where there is no article.
    """

    pictures: Reals
    masks: Whole
    boxes: Reals
    kinds: Whole


def split(name: str) -> Scenes:
    """Return the scenes of ``train``, ``calibration``, ``validation`` or ``test``.

    >>> scenes = split("test")
    >>> scenes.pictures.shape, scenes.masks.shape, scenes.boxes.shape
    ((500, 1, 48, 48), (500, 48, 48), (500, 3, 4))
    """
    articles = fashion_mnist.split("calibration" if name == "train" else name)
    count, random = COUNTS[name], np.random.default_rng(_SEEDS[name])
    pictures = _textures(count, random)
    masks = np.zeros((count, SIZE, SIZE), np.int64)
    boxes = np.zeros((count, MOST, 4), np.float32)
    kinds = np.full((count, MOST), -1)
    for scene in range(count):
        for place in range(random.integers(1, MOST + 1)):
            row = int(random.integers(len(articles.labels)))
            article = _resized(articles.images[row], int(random.integers(16, 29)), random)
            corner = _corner(article, boxes[scene, :place], random)
            if corner is None:
                break
            kind = int(KIND_OF_CLASS[articles.labels[row]])
            boxes[scene, place] = _lay(article, corner, kind, pictures[scene], masks[scene])
            kinds[scene, place] = kind
    normal = (pictures[:, None] - 0.45) / 0.25
    return Scenes(normal.astype(np.float32), masks, boxes, kinds)


def _textures(count: int, random: np.random.Generator) -> Reals:
    """Smooth noise around a shade of each scene's own: coarse and finer grids, interpolated."""
    shades = np.float32(0.35) * random.random((count, 1, 1), np.float32)
    whole = np.broadcast_to(shades, (count, SIZE, SIZE)).copy()
    for cells, strength in ((4, 0.25), (12, 0.15), (SIZE, 0.05)):
        grid = random.random((count, cells + 1, cells + 1), np.float32)
        whole += np.float32(strength) * _interpolated(grid, np.linspace(0, cells, SIZE))
    return whole


def _resized(image: fashion_mnist.Bytes, size: int, random: np.random.Generator) -> Reals:
    """The article ``(height, width)``, cut to what is inked, shades 0 to 1, 0 where nothing is."""
    mirrored = image[:, ::-1] if random.random() < 0.5 else image
    large = _interpolated(mirrored.astype(np.float32)[None], np.linspace(0, 27, size))[0]
    inked = large >= _INK
    rows, columns = np.flatnonzero(inked.any(1)), np.flatnonzero(inked.any(0))
    inside = np.where(inked, large, 0)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return (inside / 255).astype(np.float32)


def _interpolated(grids: Reals, at: npt.NDArray[Any]) -> Reals:
    """Values of ``grids`` ``(n, h, w)`` at rows and columns ``at``, linear between them."""
    low = np.clip(at.astype(int), 0, grids.shape[1] - 2)
    share = (at - low).astype(np.float32)
    rows = grids[:, low] * (1 - share)[:, None] + grids[:, low + 1] * share[:, None]
    result: Reals = rows[:, :, low] * (1 - share) + rows[:, :, low + 1] * share
    return result


def _corner(article: Reals, taken: Reals, random: np.random.Generator) -> tuple[int, int] | None:
    """Where the article covers little of others' boxes; None where no try gave a place."""
    height, width = article.shape
    for _ in range(20):
        top, left = (int(random.integers(SIZE - side + 1)) for side in (height, width))
        x1, y1, x2, y2 = (taken * SIZE).T
        across = np.minimum(x2, left + width) - np.maximum(x1, left)
        down = np.minimum(y2, top + height) - np.maximum(y1, top)
        shared = np.maximum(across, 0) * np.maximum(down, 0)
        least = np.minimum((x2 - x1) * (y2 - y1), height * width)
        if (shared <= _SHARED * least).all():
            return top, left
    return None


def _lay(
    article: Reals, corner: tuple[int, int], kind: int, picture: Reals, mask: Whole
) -> list[float]:
    """Draw the article into picture and mask, and return its box."""
    (top, left), (height, width) = corner, article.shape
    window = np.s_[top : top + height, left : left + width]
    inked = article > 0
    picture[window] = np.where(inked, 0.15 + 0.85 * article, picture[window])
    mask[window] = np.where(inked, kind + 1, mask[window])
    return [left / SIZE, top / SIZE, (left + width) / SIZE, (top + height) / SIZE]
