"""Concatenation, and its undoing: chunk, split, slice, select, unbind, stack, repeat, flip."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, into, out, refuse


class ChunkToTwo(ZooNetwork):
    """Each half of the filters has its own consumer, so each half is its own group."""

    expected = (
        channels(5, out("conv"), into("left")),
        channels(5, out("conv"), into("right")),
    )
    refused = refuse("output", "left", "right")

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 10, 3)
        self.left, self.right = nn.Conv2d(5, 2, 1), nn.Conv2d(5, 3, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        left, right = F.relu(self.conv(x)).chunk(2, 1)
        return self.left(left), self.right(right)


class SplitUneven(ZooNetwork):
    """Split into 3, 5 and 4: three groups on one producer."""

    expected = (
        channels(3, out("conv"), into("a")),
        channels(5, out("conv"), into("b")),
        channels(4, out("conv"), into("c")),
        channels(6, out("a", "b", "c"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 12, 3), nn.Conv2d(6, 2, 1)
        self.a, self.b, self.c = nn.Conv2d(3, 6, 1), nn.Conv2d(5, 6, 1), nn.Conv2d(4, 6, 1)

    def forward(self, x: Tensor) -> Tensor:
        a, b, c = torch.split(self.conv(x), [3, 5, 4], dim=1)
        return self.head(F.relu(self.a(a) + self.b(b) + self.c(c)))


class SplitLastShorter(ZooNetwork):
    """Split by 4 of 10 channels: the last piece has two."""

    expected = (
        channels(4, out("conv"), into("a")),
        channels(4, out("conv"), into("b")),
        channels(2, out("conv"), into("c")),
    )
    refused = refuse("output", "a", "b", "c")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.a = nn.Conv2d(3, 10, 3), nn.Conv2d(4, 6, 1)
        self.b, self.c = nn.Conv2d(4, 6, 1), nn.Conv2d(2, 6, 1)

    def forward(self, x: Tensor) -> Tensor:
        a, b, c = torch.relu(self.conv(x)).split(4, dim=1)
        return self.a(a) * self.b(b) + self.c(c)


class SliceOverlap(ZooNetwork):
    """Overlapping slices: who reads a channel decides its group, here three kinds of them."""

    expected = (
        channels(3, out("conv"), into("left")),
        channels(2, out("conv"), into("left", "right")),
        channels(4, out("conv"), into("right")),
    )
    refused = refuse("output", "left", "right")

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 9, 3)
        self.left, self.right = nn.Conv2d(5, 2, 1), nn.Conv2d(6, 4, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu(self.conv(x))
        return self.left(x[:, :5]), self.right(x[:, 3:])


class SliceStrided(ZooNetwork):
    """Even channels gate the odd ones: neighbours leave together."""

    expected = (channels(5, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 10, 3), nn.Conv2d(5, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return self.head(x[:, ::2] * torch.sigmoid(x[:, 1::2]))


class SliceSomeUnused(ZooNetwork):
    """Two channels are sliced away, read by nobody: they may leave, a group without readers."""

    expected = (
        channels(6, out("conv"), into("head")),
        channels(2, out("conv")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3), nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.conv(x))[:, 1:7])


class SelectGate(ZooNetwork):
    """Channel 0 is picked by number to gate the rest, so it must stay; the other seven may go."""

    expected = (channels(7, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3), nn.Conv2d(7, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        gate = torch.sigmoid(x[:, 0]).unsqueeze(1)
        return self.head(x[:, 1:] * gate)


class SelectToken(ZooNetwork):
    """Selecting a token leaves the feature dimension as it is."""

    shape = (4, 5)
    expected = (
        channels(6, out("fc1"), into("fc2")),
        channels(8, out("fc2"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.head = nn.Linear(5, 6), nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.gelu(self.fc2(F.gelu(self.fc1(x))))
        return self.head(x[:, 0] + x[:, -1])


class UnbindPairs(ZooNetwork):
    """Viewed as (5, 2) and unbound over the pair, neighbouring outputs leave together."""

    shape = (6,)
    expected = (channels(5, out("fc1"), into("fc2")),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(6, 10), nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        real, imaginary = self.fc1(x).view(-1, 5, 2).unbind(-1)
        return self.fc2(torch.sqrt(real * real + imaginary * imaginary + 1e-3))
