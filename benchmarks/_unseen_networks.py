"""Networks that nobody tuned on: drawn from a seed, trained for seconds on real images.

An image is one to three tiles side by side, each a scikit-learn digit (8 × 8 pixels) or a
Fashion-MNIST image (14 × 14, averaged from 28 × 28). The label counts through the tiles' classes,
so a real task with 10, 100 or 1,000 classes comes out; 3 classes are the image's class modulo 3.
Validation tiles are of other images than those trained on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional

from prunescope.sample_models import fashion_mnist
from prunescope.sample_models.networks.vit import Block

MANY: Final = 1000
"""So many classes need three tiles, which are digits for the sake of time."""

CLASSES: Final = (3, 10, 100, MANY)
SAMPLES: Final = (1000, 250, 3000, 64, 6000)
CALIBRATION: Final = 512
_BATCH: Final = 96
_STEPS: Final[Mapping[int, int]] = {3: 250, 10: 300, 100: 500, 1000: 800}

Split = tuple[np.ndarray, np.ndarray]
Option = TypeVar("Option")


@dataclass(frozen=True)
class Drawn:
    """What one network is.

    Attributes:
        name: Of its folder in the cache.
        kind: One of ``KINDS``.
        classes: One of ``CLASSES``.
        samples: Of the validation split.
        source: ``digits`` or ``fashion``.
        leaves: ``weight`` or ``channel``: what is pruned.
        width: Channels of its first layer.
        seed: Of its weights and data.
    """

    name: str
    kind: str
    classes: int
    samples: int
    source: str
    leaves: str
    width: int
    seed: int

    @property
    def recoveries(self) -> tuple[str, ...]:
        """Return the recoveries that do something to it."""
        return ("none", "bn", "ls") if self.kind in NORMED else ("none", "ls")


def draw(seed: int, count: int) -> list[Drawn]:
    """Return ``count`` networks of ``seed``; kinds, classes and samples take turns.

    The first networks of a longer list are those of a shorter one.
    """
    kinds = _turns(tuple(KINDS), count, [seed, 0])
    classes = _turns(CLASSES, count, [seed, 1])
    samples = _turns(SAMPLES, count, [seed, 2])
    drawn = []
    for number, (kind, many, size) in enumerate(zip(kinds, classes, samples, strict=True)):
        generator = np.random.default_rng([seed, len(KINDS), number])
        source = "digits" if many == MANY else str(generator.choice(["digits", "fashion"]))
        leaves = str(generator.choice(["weight", "channel"]))
        width = int(generator.choice([8, 10, 12]))
        drawn.append(
            Drawn(
                f"{seed}-{number:02d}", kind, many, size, source, leaves, width,
                1000 * seed + number,
            )
        )  # fmt: skip
    return drawn


def _turns(options: Sequence[Option], count: int, seed: Sequence[int]) -> list[Option]:
    """``count`` of ``options``: all of them in a random order, then all again in another."""
    generator = np.random.default_rng(seed)
    taken: list[Option] = []
    while len(taken) < count:
        taken += [options[place] for place in generator.permutation(len(options))]
    return taken[:count]


def data_of(drawn: Drawn) -> dict[str, Split]:
    """Return the splits of a network: calibration (also trained on), validation and test."""
    generator = np.random.default_rng(drawn.seed)
    seen, unseen = _tiles(drawn.source)
    return {
        "calibration": compose(seen, drawn.classes, CALIBRATION, generator),
        "validation": compose(unseen, drawn.classes, drawn.samples, generator),
        "test": compose(unseen, drawn.classes, 64, generator),
    }


def compose(tiles: Split, classes: int, count: int, generator: np.random.Generator) -> Split:
    """Return ``count`` images ``(n, 1, h, tiles · w)`` of random tiles, and their labels."""
    images, labels = tiles
    wide = max(len(str(classes)) - 1, 1)
    picked = np.stack(
        [
            generator.choice(len(images), count, replace=count > len(images))
            for _ in range(wide)
        ], axis=1,
    )  # fmt: skip
    joined = np.concatenate([images[picked[:, place]] for place in range(wide)], axis=3)
    numbers = np.zeros(count, np.int64)
    for place in range(wide):
        numbers = 10 * numbers + labels[picked[:, place]]
    return joined, numbers % 3 if classes == 3 else numbers


def trained(drawn: Drawn, folder: Path) -> nn.Module:
    """Return the network with its weights, trained once and kept in ``folder``."""
    torch.manual_seed(drawn.seed)
    high, wide = data_of(drawn)["test"][0].shape[2:]
    network = KINDS[drawn.kind](drawn.width, high, wide, drawn.classes)
    path = folder / f"{drawn.name}.safetensors"
    if path.exists():
        network.load_state_dict(load_file(path))
        return network.eval()
    generator = np.random.default_rng(drawn.seed + 1)
    seen, _ = _tiles(drawn.source)
    steps = _STEPS[drawn.classes]
    optimiser = torch.optim.AdamW(network.parameters(), 5e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, total_steps=steps)
    network.train()
    for _ in range(steps):
        inputs, targets = compose(seen, drawn.classes, _BATCH, generator)
        loss = functional.cross_entropy(
            network(torch.from_numpy(inputs)), torch.from_numpy(targets)
        )
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    folder.mkdir(parents=True, exist_ok=True)
    save_file(network.state_dict(), path)
    return network.eval()


def _tiles(source: str) -> tuple[Split, Split]:
    """Images ``(n, 1, h, w)`` with labels: those to train on and those to validate on."""
    if source == "digits":
        bunch = load_digits()
        images = (bunch.images[:, None].astype(np.float32) - 4.9) / 6.0
        labels = bunch.target.astype(np.int64)
        return (images[:1000], labels[:1000]), (images[1000:], labels[1000:])
    parts = {name: fashion_mnist.split(name) for name in ("calibration", "test", "validation")}
    small = {
        name: fashion_mnist.normalise(part.images)
        .reshape(-1, 1, 14, 2, 14, 2)
        .mean(axis=(3, 5), dtype=np.float32)
        for name, part in parts.items()
    }
    names = ("calibration", "test")
    seen = (
        np.concatenate([small[name] for name in names]),
        np.concatenate([parts[name].labels for name in names]).astype(np.int64),
    )
    return seen, (small["validation"], parts["validation"].labels.astype(np.int64))


class _Residual(nn.Module):
    """Two convolutions with batch norm beside an identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)

    def forward(self, images: Tensor) -> Tensor:
        inner = functional.relu(self.bn1(self.conv1(images)))
        return functional.relu(images + self.bn2(self.conv2(inner)))


class _Attention(nn.Module):
    """Patches of 4 × 4 (7 × 7) pixels, transformer blocks, a head over all tokens."""

    def __init__(self, width: int, high: int, wide: int, classes: int) -> None:
        super().__init__()
        patch, inner = (4 if high == 8 else 7), 2 * width // 4 * 4
        tokens = (high // patch) * (wide // patch)
        self.stem = nn.Conv2d(1, inner, patch, patch)
        self.position = nn.Parameter(0.02 * torch.randn(1, tokens, inner))
        self.blocks = nn.Sequential(*[Block(inner, 4, 2 * inner) for _ in range(3)])
        self.norm = nn.LayerNorm(inner)
        self.head = nn.Linear(inner * tokens, classes)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.stem(images).flatten(2).transpose(1, 2) + self.position
        logits: Tensor = self.head(self.norm(self.blocks(tokens)).flatten(1))
        return logits


def _plain(width: int, high: int, wide: int, classes: int) -> nn.Module:
    flat = 2 * width * (high // 4) * (wide // 4)
    return nn.Sequential(
        nn.Conv2d(1, width, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(flat, 6 * width), nn.ReLU(), nn.Linear(6 * width, classes),
    )  # fmt: skip


def _normed(width: int, high: int, wide: int, classes: int) -> nn.Module:
    layers: list[nn.Module] = []
    before = 1
    for after in (width, width, 2 * width, 2 * width):
        layers += [
            nn.Conv2d(before, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()
        ]  # fmt: skip
        if after != before and before != 1:
            layers.append(nn.MaxPool2d(2))
        before = after
    return nn.Sequential(*layers, nn.MaxPool2d(2), *_head(2 * width, high, wide, classes))


def _residual(width: int, high: int, wide: int, classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        nn.MaxPool2d(2), _Residual(width), _Residual(width), nn.AvgPool2d(2),
        *_head(width, high, wide, classes),
    )  # fmt: skip


def _depthwise(width: int, high: int, wide: int, classes: int) -> nn.Module:
    layers: list[nn.Module] = [
        nn.Conv2d(1, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        nn.MaxPool2d(2),
    ]  # fmt: skip
    before = width
    for after in (2 * width, 2 * width, 3 * width):
        layers += [
            nn.Conv2d(before, before, 3, 1, 1, groups=before, bias=False), nn.BatchNorm2d(before),
            nn.ReLU(), nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(),
        ]  # fmt: skip
        before = after
    return nn.Sequential(*layers, nn.AvgPool2d(2), *_head(before, high, wide, classes))


def _head(channels: int, high: int, wide: int, classes: int) -> tuple[nn.Module, nn.Module]:
    return nn.Flatten(), nn.Linear(channels * (high // 4) * (wide // 4), classes)


NORMED: Final = ("norm", "residual", "depthwise")
KINDS: Final[Mapping[str, Callable[[int, int, int, int], nn.Module]]] = {
    "plain": _plain, "norm": _normed, "residual": _residual,
    "depthwise": _depthwise, "attention": _Attention,
}  # fmt: skip
