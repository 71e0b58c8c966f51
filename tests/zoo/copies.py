"""Repeats, expansions, flips and rolls."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, into, out, refuse


class RepeatChannels(ZooNetwork):
    """Channels repeated three times over: each owns every sixth consumer input."""

    expected = (channels(6, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(18, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.conv(x)).repeat(1, 3, 1, 1))


class TileFeatures(ZooNetwork):
    """The same as repeat, written as tile over the last dimension."""

    shape = (5,)
    expected = (channels(7, out("fc1"), into("fc2")),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 7), nn.Linear(14, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(torch.tile(torch.tanh(self.fc1(x)), (1, 2)))


class RepeatInterleave(ZooNetwork):
    """Each channel is repeated twice in place: it owns two neighbouring consumer inputs."""

    expected = (channels(6, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(12, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.conv(x)).repeat_interleave(2, dim=1))


class ExpandVector(ZooNetwork):
    """A pooled vector expanded back over the map stays one channel per index."""

    expected = (
        channels(6, out("conv"), into("squash", "head")),
        channels(5, out("squash"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.squash = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 5, 1)
        self.head = nn.Conv2d(11, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        y = self.squash(x.mean((2, 3), keepdim=True)).relu()
        return self.head(torch.cat([x, y.expand(-1, -1, x.size(2), x.size(3))], 1))


class FlipChannels(ZooNetwork):
    """A flip ties channel i to channel 5 - i once it is added to the unflipped stream."""

    expected = (channels(3, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        return self.head(x + 0.5 * x.flip(1))


class FlipPath(ZooNetwork):
    """Only flipped, every channel is still by itself, but owns the mirrored consumer input."""

    shape = (5,)
    expected = (channels(7, out("fc1"), into("fc2")),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 7), nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(torch.flip(F.relu(self.fc1(x)), [-1]))


class FlipTwoBranches(ZooNetwork):
    """Two branches, one flipped: channel i of the first leaves with channel 6 - i of the second."""

    shape = (5,)
    expected = (channels(7, out("a", "b"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = nn.Linear(5, 7), nn.Linear(5, 7), nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.a(x) + self.b(x).flip(-1)))


class FlipSpatial(ZooNetwork):
    """Flipping pixels leaves channels alone."""

    expected = (channels(6, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return self.head(F.relu(x + x.flip(3)))


class RollSpatial(ZooNetwork):
    """Rolling pixels leaves channels alone."""

    expected = (channels(6, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return self.head(F.relu(x + torch.roll(x, (1, 2), (2, 3))))
