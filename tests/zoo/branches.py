"""Branches that meet elementwise: products, gates, weighted sums, twins."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, draw, into, out, param, refuse


class MultiplicativeResidual(ZooNetwork):
    """A product of two branches needs both factors, so both branches leave together."""

    expected = (channels(7, out("left", "right"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(3, 7, 3), nn.Conv2d(3, 7, 3)
        self.head = nn.Conv2d(7, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.left(x)) * self.right(x))


class Highway(ZooNetwork):
    """The gate, its complement, the carried stream and the transform share one width."""

    shape = (5,)
    expected = (channels(8, out("stem", "gate", "change"), into("gate", "change", "fc")),)
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.gate = nn.Linear(5, 8), nn.Linear(8, 8)
        self.change, self.fc = nn.Linear(8, 8), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        gate = torch.sigmoid(self.gate(x))
        return self.fc(gate * torch.tanh(self.change(x)) + (1 - gate) * x)


class LayerScale(ZooNetwork):
    """A learned scale per channel broadcasts along the stream and belongs to it."""

    expected = (
        channels(6, out("stem", "conv2"), param("scale"), into("conv1", "fc")),
        channels(9, out("conv1"), into("conv2")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.conv1, self.conv2 = (
            nn.Conv2d(3, 6, 3), nn.Conv2d(6, 9, 1), nn.Conv2d(9, 6, 1),
        )  # fmt: skip
        self.scale, self.fc = nn.Parameter(torch.ones(6, 1, 1)), nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return self.fc((x + self.scale * self.conv2(F.gelu(self.conv1(x)))).mean((2, 3)))


class StochasticDepth(ZooNetwork):
    """Dropping whole branches is a training matter; in evaluation the branch is simply added."""

    expected = (
        channels(6, out("stem", "conv2"), into("conv1", "fc")),
        channels(8, out("conv1"), into("conv2")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.conv1, self.conv2 = (
            nn.Conv2d(3, 6, 3), nn.Conv2d(6, 8, 1), nn.Conv2d(8, 6, 1),
        )  # fmt: skip
        self.fc = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = self.conv2(F.relu(self.conv1(x)))
        if self.training:
            y = y * torch.bernoulli(torch.full((x.size(0), 1, 1, 1), 0.8)) / 0.8
        return self.fc((x + y).mean((2, 3)))


class WeightedSum(ZooNetwork):
    """Scalars that weigh branches (as in BiFPN) have no channels; the summands are tied."""

    expected = (channels(6, out("a", "b", "c"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = (nn.Conv2d(3, 6, k, padding=k // 2) for k in (1, 3, 5))
        self.weights, self.head = nn.Parameter(torch.ones(3)), nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        w = F.relu(self.weights)
        w = w / (w.sum() + 1e-4)
        return self.head(F.silu(w[0] * self.a(x) + w[1] * self.b(x) + w[2] * self.c(x)))


class Siamese(ZooNetwork):
    """Both inputs pass the same encoder; the distance of the codes ties them index by index."""

    expected = (
        channels(6, out("conv"), into("fc1")),
        channels(8, out("fc1"), into("fc2")),
    )
    refused = refuse("", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc1, self.fc2 = nn.Conv2d(3, 6, 3, 2), nn.Linear(54, 8), nn.Linear(8, 1)

    def example(self) -> tuple[Tensor, Tensor]:
        return draw(3, 3, 8, 8), draw(3, 3, 8, 8, seed=5)

    def encode(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.fc1(F.relu(self.conv(x)).flatten(1)))

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return self.fc2((self.encode(left) - self.encode(right)).abs())


class BroadcastBias(ZooNetwork):
    """A free parameter added along the channels is one more member of the stream."""

    shape = (7, 5)
    expected = (channels(6, out("fc1"), param("shift", dim=2), into("fc2")),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 6), nn.Linear(6, 3)
        self.shift = nn.Parameter(torch.zeros(1, 7, 6))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.relu(self.fc1(x) + self.shift))
