"""Tasks on scenes of Fashion-MNIST, by the sample models: a class for every pixel, boxes."""

from typing import Any

import torch
from torch.utils import _pytree as pytree
from torchmetrics import classification

from prunescope.sample_models.registry import arrays, load
from tests.tasks.task import Splits, Task

SIZES = {"calibration": 32, "validation": 64, "test": 32}


def _splits(data: str) -> Splits:
    splits: dict[str, tuple[Any, Any]] = {}
    for name, size in SIZES.items():
        inputs, targets = arrays(data, name)
        some = pytree.tree_map(lambda part, size=size: torch.from_numpy(part[:size]), targets)
        splits[name] = (torch.from_numpy(inputs[:size]), some)  # type: ignore[index,call-overload]
    return splits


def segmentation() -> Task:
    """A kind, or the background, for every pixel: mean overlap over union."""
    judge = classification.MulticlassJaccardIndex(6)
    return Task(
        load("unet"), _splits("scene-masks"), "miou",
        lambda outputs, masks: 100 * float(judge(outputs["output"], masks)), 50, "l1@channel",
    )  # fmt: skip
