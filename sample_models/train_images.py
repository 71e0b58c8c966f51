"""Train a sample network to classify Fashion-MNIST, and measure it.

SGD or AdamW under a one-cycle schedule, random flips and shifts, plain cross-entropy. Nothing but
this module needs the complete data set.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from prunescope.sample_models import fashion_mnist
from prunescope.sample_models.registry import architecture, save


@dataclass(frozen=True)
class Schedule:
    """How one network is trained; ``rate`` is the peak learning rate of the one-cycle."""

    epochs: int
    rate: float
    optimiser: str = "sgd"
    decay: float = 5e-4
    batch: int = 128
    shift: int = 2


SCHEDULES: Final = {
    "mlp": Schedule(epochs=30, rate=0.05, shift=0),
    "lenet5": Schedule(epochs=20, rate=0.03, shift=1),
    "resnet20": Schedule(epochs=13, rate=0.15),
    "mobilenet": Schedule(epochs=13, rate=0.15, decay=1e-4),
    "vit": Schedule(epochs=12, rate=2e-3, optimiser="adamw", decay=0.05, shift=1),
}


def train_images(name: str, folder: Path, seed: int) -> dict[str, float]:
    """Train the network ``name``, write its weights after every epoch, return what was measured."""
    schedule = SCHEDULES[name]
    torch.manual_seed(seed)
    complete, _ = fashion_mnist.read_complete(folder)
    rows = fashion_mnist.cut(complete.labels)["train"]
    images = torch.from_numpy(fashion_mnist.normalise(complete.images[rows]))
    labels = torch.from_numpy(complete.labels[rows].astype(np.int64))
    network = architecture(name).to(memory_format=torch.channels_last)
    steps = schedule.epochs * (len(labels) // schedule.batch)
    optimiser = _optimiser(network, schedule)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, schedule.rate, total_steps=steps, pct_start=0.25, cycle_momentum=False
    )
    start = time.time()
    for epoch in range(schedule.epochs):
        network.train()
        total = 0.0
        used = torch.randperm(len(labels))[: steps // schedule.epochs * schedule.batch]
        for chosen in used.reshape(-1, schedule.batch):
            loss = functional.cross_entropy(
                network(augment(images[chosen], schedule.shift)), labels[chosen]
            )
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            cycle.step()
            total += loss.item()
        mean = total * schedule.epochs / steps
        print(f"{name} epoch {epoch + 1} loss {mean:.4f} {time.time() - start:.0f} s", flush=True)
        save(name, network)
    measured = {part: accuracy(network, fashion_mnist.split(part)) for part in fashion_mnist.SPLITS}
    return measured | {
        "epochs": schedule.epochs, "seed": seed, "seconds": round(time.time() - start),
    }  # fmt: skip


def augment(images: Tensor, shift: int) -> Tensor:
    """Return images ``(n, 1, 28, 28)`` mirrored at random and moved by up to ``shift`` pixels."""
    flip = torch.rand(len(images), 1, 1, 1) < 0.5
    images = torch.where(flip, images.flip(3), images)
    if not shift:
        return images
    black = -fashion_mnist.MEAN / fashion_mnist.STD
    padded = functional.pad(images, (shift,) * 4, value=black)
    dx, dy = torch.randint(0, 2 * shift + 1, (2, len(images), 1))
    rows = (torch.arange(28) + dy)[:, None, :, None].expand(-1, 1, -1, padded.shape[3])
    columns = (torch.arange(28) + dx)[:, None, None, :].expand(-1, 1, 28, -1)
    return padded.gather(2, rows).gather(3, columns)


def accuracy(network: nn.Module, data: fashion_mnist.Images) -> float:
    """Return the share of images that ``network`` classifies right, 0 to 1."""
    network.eval()
    inputs = torch.from_numpy(fashion_mnist.normalise(data.images))
    with torch.inference_mode():
        outputs = torch.cat([network(chunk) for chunk in torch.split(inputs, 500)])
    return float((outputs.argmax(1).numpy() == data.labels).mean())


def _optimiser(network: nn.Module, schedule: Schedule) -> torch.optim.Optimizer:
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups: list[dict[str, Any]] = [
        {"params": decayed},
        {"params": others, "weight_decay": 0.0},
    ]
    if schedule.optimiser == "adamw":
        return torch.optim.AdamW(groups, schedule.rate, weight_decay=schedule.decay)
    return torch.optim.SGD(groups, schedule.rate, 0.9, nesterov=True, weight_decay=schedule.decay)
