"""Tasks on scikit-learn's digits: classes, yes or no, labels, values, heads, embeddings."""

from pathlib import Path
from typing import Any

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import classification, regression

from tests.tasks.task import Splits, Task, cut, trained

SIZES = (200, 300, 100)
PRIMES = torch.tensor([0, 0, 1, 1, 0, 1, 0, 1, 0, 0])


def digits() -> tuple[Tensor, Tensor]:
    """Return pictures ``(n, 1, 8, 8)`` from 0 to 1 and digits ``(n,)``, in a fixed random order."""
    read = load_digits()
    order = torch.randperm(len(read.target), generator=torch.Generator().manual_seed(0))
    pictures = torch.tensor(read.images / 16.0, dtype=torch.float32)[:, None]
    return pictures[order], torch.tensor(read.target)[order]


class LabelsF1(classification.MultilabelF1Score):
    """F1 of three labels, of logits: torchmetrics guesses from a batch whether it has any."""

    def __init__(self) -> None:
        super().__init__(3)

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        """Count one batch."""
        super().update(outputs.sigmoid(), targets)


class Net(nn.Module):
    """Two convolutions and a hidden layer."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 12, 3, stride=2)
        self.hidden = nn.Linear(108, 24)
        self.head = nn.Linear(24, outputs)

    def features(self, pictures: Tensor) -> Tensor:
        """Return the hidden units ``(n, 24)``."""
        maps = self.conv2(self.conv1(pictures).relu()).relu()
        return self.hidden(maps.flatten(1)).relu()

    def forward(self, pictures: Tensor) -> Any:
        """Return ``(n, outputs)``."""
        return self.head(self.features(pictures))


class Heads(Net):
    """The digit, and how much ink there is."""

    def __init__(self) -> None:
        super().__init__(10)
        self.ink = nn.Linear(24, 1)

    def forward(self, pictures: Tensor) -> Any:
        """Return both."""
        features = self.features(pictures)
        return {"kind": self.head(features), "ink": self.ink(features)}


class Pairs(Net):
    """How alike two pictures are: the cosine of their embeddings."""

    def forward(self, first: Tensor, second: Tensor) -> Any:  # type: ignore[override]
        """Return ``(n, 1)``."""
        one, other = (functional.normalize(self.head(self.features(x))) for x in (first, second))
        return 5 * (one * other).sum(1, keepdim=True)


def _task(network: nn.Module, targets: Any, loss: Any, metric: Any, judge: Any, better: float,
          inputs: Any = None) -> Task:  # fmt: skip
    inputs = digits()[0] if inputs is None else inputs
    used = sum(SIZES)
    rest = _from(inputs, used), _from(targets, used)
    splits: Splits = cut(inputs, targets, SIZES)
    return Task(trained(network, rest, loss), splits, metric, judge, better)


def _from(value: Any, first: int) -> Any:
    if isinstance(value, dict):
        return {name: part[first:] for name, part in value.items()}
    return value[first:]


def multi_class() -> Task:
    """Which digit: accuracy."""
    judge = classification.MulticlassAccuracy(10, average="micro")
    return _task(
        Net(10), digits()[1], functional.cross_entropy, "top-1",
        lambda outputs, targets: 100 * float(judge(outputs["output"], targets)), 90,
    )  # fmt: skip


def binary() -> Task:
    """Is it at least a five: area under the receiver's curve."""
    judge = classification.BinaryAUROC()
    return _task(
        Net(1), (digits()[1] >= 5).float()[:, None], functional.binary_cross_entropy_with_logits,
        "auroc", lambda outputs, targets: float(judge(outputs["output"], targets.int())), 0.9,
    )  # fmt: skip


def multi_label() -> Task:
    """Is it even, prime, at least five: F1 of the labels, by torchmetrics itself."""
    digit = digits()[1]
    labels = torch.stack([digit % 2 == 0, PRIMES[digit] == 1, digit >= 5], 1).long()
    judge = classification.MultilabelF1Score(3)
    return _task(
        Net(3), labels,
        lambda outputs, wanted: functional.binary_cross_entropy_with_logits(outputs, 1.0 * wanted),
        f"{Path(__file__)}:LabelsF1",
        lambda outputs, targets: float(judge(outputs["output"], targets)), 0.85,
    )  # fmt: skip


def values() -> Task:
    """Where the ink's centre is, across and down: explained variance."""
    pictures = digits()[0][:, 0]
    places = torch.linspace(-1, 1, 8)
    across = (pictures.sum(1) * places).sum(1) / pictures.sum((1, 2))
    down = (pictures.sum(2) * places).sum(1) / pictures.sum((1, 2))
    judge = regression.R2Score()
    return _task(
        Net(2), 10 * torch.stack([across, down], 1), functional.mse_loss, "r2",
        lambda outputs, targets: float(judge(outputs["output"], targets)), 0.8,
    )  # fmt: skip


def heads() -> Task:
    """Which digit and how much ink, at once: accuracy of the first, the other is kept."""
    pictures, digit = digits()
    targets = {"kind": digit, "ink": pictures.mean((1, 2, 3))[:, None]}
    judge = classification.MulticlassAccuracy(10, average="micro")

    def loss(outputs: Any, wanted: Any) -> Tensor:
        apart = functional.mse_loss(outputs["ink"], wanted["ink"])
        return functional.cross_entropy(outputs["kind"], wanted["kind"]) + apart

    return _task(
        Heads(), targets, loss, "top-1@kind",
        lambda outputs, wanted: 100 * float(judge(outputs["kind"], wanted["kind"])), 90,
    )  # fmt: skip


def embedding() -> Task:
    """Do two pictures show one digit, told by their embeddings: area under the curve."""
    pictures, digit = digits()
    draw = torch.Generator().manual_seed(1)
    # half of the pairs are of one digit: the next picture of it, in the random order
    other = torch.randperm(len(digit), generator=draw)
    for one in range(0, len(digit), 2):
        same = torch.nonzero(digit == digit[one])[:, 0]
        other[one] = same[int(torch.randint(len(same), (1,), generator=draw))]
    alike = (digit == digit[other]).float()[:, None]
    judge = classification.BinaryAUROC()
    return _task(
        Pairs(16), alike, functional.binary_cross_entropy_with_logits, "auroc",
        lambda outputs, targets: float(judge(outputs["output"], targets.int())), 0.85,
        {"first": pictures, "second": pictures[other]},
    )  # fmt: skip
