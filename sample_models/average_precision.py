"""Mean average precision of boxes, as COCO defines it; for cards alone, where no metric may be.

Source: Lin et al. 2014, *Microsoft COCO* (arXiv 1405.0312).
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torchvision.ops import box_iou

from prunescope.sample_models import scenes

OVERLAPS: Final = np.linspace(0.5, 0.95, 10)
RECALLS: Final = np.linspace(0, 1, 101)

Reals = npt.NDArray[np.float64]


def mean_average_precision(network: nn.Module, data: scenes.Scenes) -> float:
    """Return the mean over kinds and overlaps of .50, .55 … .95, 0 to 1."""
    network.eval()
    with torch.inference_mode():
        parts = [network(chunk) for chunk in torch.split(torch.from_numpy(data.pictures), 100)]
    boxes = torch.cat([part["boxes"] for part in parts])
    scores, kinds = torch.cat([part["logits"] for part in parts]).sigmoid().max(2)
    means = []
    for kind in range(len(scenes.KINDS)):
        taken, certain, wanted = [], [], 0
        for scene in range(len(boxes)):
            own = kinds[scene] == kind
            order = scores[scene, own].argsort(descending=True, stable=True)
            true = torch.from_numpy(data.boxes[scene][data.kinds[scene] == kind])
            overlaps = box_iou(boxes[scene, own][order].double(), true.double())
            taken.append(hits(overlaps))
            certain.append(scores[scene, own][order])
            wanted += len(true)
        ranked = torch.cat(certain).argsort(descending=True, stable=True).numpy()
        joined = np.concatenate(taken, 1)[:, ranked]
        means += [area(row, wanted) for row in joined]
    return float(np.mean(means))


def hits(overlaps: Tensor) -> npt.NDArray[np.bool_]:
    """Return which candidates take a true box at each overlap, ``(10, candidates)``.

    Args:
        overlaps: ``(candidates, true boxes)``, the most certain candidate first.
    """
    result = np.zeros((len(OVERLAPS), len(overlaps)), bool)
    for place, least in enumerate(OVERLAPS):
        free = overlaps.clone()
        for row in range(len(free)):
            if free.shape[1] and float(free[row].max()) >= least:
                result[place, row] = True
                free[:, int(free[row].argmax())] = -1.0
    return result


def area(hit: npt.NDArray[np.bool_], wanted: int) -> float:
    """Return the mean over 101 recalls of the best precision at that recall or a larger one."""
    right = hit.cumsum()
    precision: Reals = right / np.arange(1, len(hit) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(right / wanted, RECALLS)
    return float(np.mean(np.append(best, 0.0)[places]))
