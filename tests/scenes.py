"""Small scenes with boxes to detect, a detector that learns them in seconds, and COCO's own AP."""

import contextlib
import functools
import io
from typing import Any

import torch
from pycocotools.coco import COCO  # type: ignore[import-untyped]
from pycocotools.cocoeval import COCOeval  # type: ignore[import-untyped]
from torch import Tensor, nn

from prunescope.capture.ragged import Ragged

SIDE = 24
_CELLS = 6


class GridDetector(nn.Module):
    """One candidate for each cell of a grid: its class logits, and corners around its middle."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 12, 3, 2, 1), nn.ReLU(), nn.Conv2d(12, 16, 3, 2, 1), nn.ReLU(),
            nn.Conv2d(16, 16, 3, 1, 1), nn.ReLU(),
        )  # fmt: skip
        self.kind = nn.Conv2d(16, classes, 1)
        self.size = nn.Conv2d(16, 4, 1)
        middles = (torch.arange(_CELLS) + 0.5) * SIDE / _CELLS
        grid = torch.stack(torch.meshgrid(middles, middles, indexing="xy"), -1).reshape(-1, 2)
        self.register_buffer("middles", grid.repeat(1, 2))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return ``boxes`` (n, 36, 4) and ``logits`` (n, 36, classes)."""
        seen = self.body(images)
        corners = self.size(seen).flatten(2).transpose(1, 2) * 6
        return {"boxes": corners + self.middles,
                "logits": self.kind(seen).flatten(2).transpose(1, 2)}  # fmt: skip


def scenes(count: int, seed: int) -> tuple[Tensor, list[dict[str, Tensor]]]:
    """Return pictures ``(n, 1, 24, 24)`` of up to 3 filled (0) or hollow (1) squares."""
    generator = torch.Generator().manual_seed(seed)
    images, targets = 0.1 * torch.randn(count, 1, SIDE, SIDE, generator=generator), []
    for image in images:
        boxes, labels = [], []
        for _ in range(int(torch.randint(0, 4, (), generator=generator))):
            size = int(torch.randint(5, 9, (), generator=generator))
            x, y = torch.randint(0, SIDE - size, (2,), generator=generator).tolist()
            hollow = int(torch.randint(0, 2, (), generator=generator))
            image[0, y : y + size, x : x + size] = 1.0
            if hollow:
                image[0, y + 1 : y + size - 1, x + 1 : x + size - 1] = 0.0
            boxes.append([x, y, x + size, y + size])
            labels.append(hollow)
        targets.append({
            "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
            "labels": torch.tensor(labels, dtype=torch.int64),
        })  # fmt: skip
    return images, targets


def detection_loss(outputs: dict[str, Tensor], targets: dict[str, Ragged]) -> Tensor:
    """The cell in which a box's middle lies answers for it."""
    boxes, logits = outputs["boxes"], outputs["logits"]
    true, labels = targets["boxes"].values, targets["labels"].values
    row = torch.arange(len(logits)).repeat_interleave(targets["boxes"].lengths)
    middle = ((true[:, :2] + true[:, 2:]) / 2 * _CELLS / SIDE).long().clamp(0, _CELLS - 1)
    cell = middle[:, 1] * _CELLS + middle[:, 0]
    wanted = torch.zeros_like(logits)
    wanted[row, cell, labels] = 1.0
    error = (boxes[row, cell] - true).abs().mean(1).sum()
    kind = nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="sum")
    return (kind + error) / len(logits)


@functools.cache
def trained_detector(steps: int = 90) -> GridDetector:
    """Return a detector that knows most squares, the same one at every call."""
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(0)
        model = GridDetector()
        images, targets = scenes(256, 1)
        boxes = Ragged.of([each["boxes"] for each in targets])
        labels = Ragged.of([each["labels"] for each in targets])
        optimiser = torch.optim.Adam(model.parameters(), 0.01)
        for step in range(steps):
            rows = slice(step * 64 % 256, step * 64 % 256 + 64)
            loss = detection_loss(model(images[rows]), {"boxes": boxes[rows],
                                                        "labels": labels[rows]})  # fmt: skip
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
    return model.eval()


def coco_ap(
    outputs: dict[str, Tensor], targets: dict[str, Any], overlap: int | None = None
) -> float:
    """Return the mAP that pycocotools finds; of one threshold in percent, or of all ten.

    Args:
        outputs: ``boxes``, ``scores`` and ``labels``.
        targets: ``boxes`` and ``labels`` by sample.
        overlap: 50, 55, … 95.
    """
    answers: list[dict[str, Any]] = []
    candidates: list[dict[str, Any]] = []
    for image, (boxes, labels) in enumerate(zip(targets["boxes"], targets["labels"], strict=True)):
        for box, label in zip(boxes.double().tolist(), labels.tolist(), strict=True):
            answers.append(_entry(image, box, label) | {
                "id": len(answers) + 1, "area": 1.0, "iscrowd": 0})  # fmt: skip
        own = (outputs[name][image] for name in ("boxes", "scores", "labels"))
        for box, score, label in zip(*(each.double().tolist() for each in own), strict=True):
            if score > 0:
                candidates.append(_entry(image, box, int(label)) | {"score": score})
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": image} for image in range(len(outputs["scores"]))],
            "annotations": answers,
            "categories": [{"id": label} for label in sorted({a["category_id"] for a in answers})],
        }
        truth.createIndex()
        found = COCOeval(truth, truth.loadRes(candidates), "bbox")
        found.params.areaRng, found.params.areaRngLbl = [[0, 1e10]], ["all"]
        found.evaluate()
        found.accumulate()
    precision = found.eval["precision"][:, :, :, 0, -1]
    if overlap is not None:
        precision = precision[[(overlap - 50) // 5]]
    return float(precision[precision > -1].mean())


def _entry(image: int, box: list[float], label: int) -> dict[str, Any]:
    x, y, right, below = box
    return {"image_id": image, "category_id": label + 1, "bbox": [x, y, right - x, below - y]}
