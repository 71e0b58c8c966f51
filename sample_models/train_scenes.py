"""Train the segmenter and the detector on scenes, and measure them.

AdamW under a one-cycle schedule; pictures are mirrored at random. The detector's cells answer for
the articles whose centres lie in them.
"""

import time
from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import generalized_box_iou_loss

from prunescope.sample_models import scenes
from prunescope.sample_models.average_precision import mean_average_precision
from prunescope.sample_models.registry import architecture, save

EPOCHS: Final = {"unet": 5, "detector": 8}
BATCH: Final = 32
RATE: Final = 4e-3

Loss = Callable[[nn.Module, Tensor, Tensor, Tensor, Tensor], Tensor]


def train_scenes(name: str, seed: int) -> dict[str, float]:
    """Train the network ``name``, write its weights, and return what was measured of it."""
    torch.manual_seed(seed)
    read = scenes.split("train")
    data = [torch.from_numpy(x) for x in (read.pictures, read.masks, read.boxes, read.kinds)]
    network = architecture(name)
    loss_of = {"unet": mask_loss, "detector": box_loss}[name]
    batches = len(data[0]) // BATCH
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.02)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=EPOCHS[name] * batches, pct_start=0.2, cycle_momentum=False
    )
    start = time.time()
    for epoch in range(EPOCHS[name]):
        network.train()
        total = 0.0
        for chosen in torch.randperm(len(data[0]))[: batches * BATCH].reshape(-1, BATCH):
            pictures, masks, boxes, kinds = mirrored(*(part[chosen] for part in data))
            loss = loss_of(network, pictures, masks, boxes, kinds)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            cycle.step()
            total += loss.item() / batches
        print(f"{name} epoch {epoch + 1} loss {total:.4f} {time.time() - start:.0f} s", flush=True)
    save(name, network)
    seconds = round(time.time() - start)
    score = {"unet": mean_iou, "detector": mean_average_precision}[name]
    measured = {part: score(network, scenes.split(part)) for part in scenes.SPLITS}
    return measured | {"epochs": EPOCHS[name], "seed": seed, "seconds": seconds}


def mirrored(
    pictures: Tensor, masks: Tensor, boxes: Tensor, kinds: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the scenes, each mirrored left to right or not."""
    flip = torch.rand(len(pictures)) < 0.5
    pictures = torch.where(flip[:, None, None, None], pictures.flip(3), pictures)
    masks = torch.where(flip[:, None, None], masks.flip(2), masks)
    other = torch.stack([1 - boxes[..., 2], boxes[..., 1], 1 - boxes[..., 0], boxes[..., 3]], 2)
    return pictures, masks, torch.where(flip[:, None, None], other, boxes), kinds


def mask_loss(
    network: nn.Module, pictures: Tensor, masks: Tensor, boxes: Tensor, kinds: Tensor
) -> Tensor:
    """Return the mean cross-entropy of pixels."""
    del boxes, kinds
    return functional.cross_entropy(network(pictures), masks)


def box_loss(
    network: nn.Module, pictures: Tensor, masks: Tensor, boxes: Tensor, kinds: Tensor
) -> Tensor:
    """Return the focal loss of all cells' classes and the overlap loss of the boxes, by article."""
    del masks
    outputs = network(pictures)
    scene, place = torch.nonzero(kinds >= 0, as_tuple=True)
    true, kind = boxes[scene, place], kinds[scene, place]
    grid = round(outputs["logits"].shape[1] ** 0.5)
    centre = ((true[:, :2] + true[:, 2:]) / 2 * grid).long().clamp(0, grid - 1)
    cell = centre[:, 1] * grid + centre[:, 0]
    wanted = torch.zeros_like(outputs["logits"])
    wanted[scene, cell, kind] = 1.0
    entropy = functional.binary_cross_entropy_with_logits(
        outputs["logits"], wanted, reduction="none"
    )
    sure = (outputs["logits"].sigmoid() - wanted).abs()  # how far off: what is easy counts less
    overlap: Tensor = generalized_box_iou_loss(outputs["boxes"][scene, cell], true)
    total: Tensor = ((sure**2 * entropy).sum() + 2 * overlap.sum()) / len(true)
    return total


def mean_iou(network: nn.Module, data: scenes.Scenes) -> float:
    """Return the mean over classes of overlap over union of all pixels, 0 to 1."""
    network.eval()
    with torch.inference_mode():
        answers = torch.cat(
            [
                network(chunk).argmax(1)
                for chunk in torch.split(torch.from_numpy(data.pictures), 100)
            ]
        ).numpy()
    classes = range(len(scenes.KINDS) + 1)
    return float(
        np.mean(
            [
                ((answers == c) & (data.masks == c)).sum()
                / ((answers == c) | (data.masks == c)).sum()
                for c in classes
            ]
        )
    )
