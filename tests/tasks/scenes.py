"""Tasks on scenes of Fashion-MNIST, by the sample models: a class for every pixel, boxes."""

from collections.abc import Mapping
from typing import Any

import torch
from torch.utils import _pytree as pytree
from torchmetrics import classification, detection

from prunescope.sample_models.registry import arrays, load
from tests.tasks.task import Splits, Task

SIZES = {"calibration": 24, "validation": 48, "test": 24}


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


def boxes() -> Task:
    """Where the articles are, and of which kind: mean average precision."""

    def judged(outputs: Mapping[str, torch.Tensor], targets: Any) -> float:
        judge = detection.MeanAveragePrecision()
        scores, labels = outputs["logits"].sigmoid().max(2)
        candidates = [
            {"boxes": boxes, "scores": certain, "labels": kinds}
            for boxes, certain, kinds in zip(outputs["boxes"], scores, labels, strict=True)
        ]
        true = [
            {"boxes": boxes[kinds >= 0], "labels": kinds[kinds >= 0]}
            for boxes, kinds in zip(targets["boxes"], targets["labels"], strict=True)
        ]
        judge.update(candidates, true)
        return 100 * float(judge.compute()["map"])

    return Task(load("detector"), _splits("scene-boxes"), "map", judged, 40, "l1@channel")
