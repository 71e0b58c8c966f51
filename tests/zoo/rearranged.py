"""Channels dealt out anew: shuffles, space to depth, squeeze-excite, ghosts."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, into, out, refuse


def shuffle(x: Tensor, groups: int) -> Tensor:
    """Return ``x`` with its channels dealt out over ``groups``."""
    count = x.size(1)
    x = x.view(x.size(0), groups, count // groups, x.size(2), x.size(3))
    return x.transpose(1, 2).reshape(x.size(0), count, x.size(3), x.size(4))


class ChannelShuffle(ZooNetwork):
    """The shuffle needs a rectangle: one channel of either half leaves together."""

    expected = (channels(5, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 10, 3), nn.Conv2d(10, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(shuffle(F.relu(self.conv(x)), 2))


class ChannelShuffleModule(ZooNetwork):
    """The same with torch's own module."""

    expected = (channels(5, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 10, 3), nn.Conv2d(10, 2, 1)
        self.shuffle = nn.ChannelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.shuffle(F.relu(self.conv(x))))


class ShuffleUnit(ZooNetwork):
    """ShuffleNetV2: the untouched half and the worked half are dealt out like cards, so the
    same index of both leaves together; the worked half's input goes nowhere else."""

    expected = (
        channels(5, out("stem", "conv2"), into("fc")),
        channels(5, out("stem"), into("conv1")),
        channels(7, out("conv1", "depthwise"), into("conv2")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.conv1 = nn.Conv2d(3, 10, 3, padding=1), nn.Conv2d(5, 7, 1)
        self.depthwise, self.conv2 = nn.Conv2d(7, 7, 3, padding=1, groups=7), nn.Conv2d(7, 5, 1)
        self.fc = nn.Linear(10, 4)

    def forward(self, x: Tensor) -> Tensor:
        left, right = F.relu(self.stem(x)).chunk(2, dim=1)
        right = self.conv2(F.relu(self.depthwise(self.conv1(right))))
        return self.fc(shuffle(torch.cat((left, right), 1), 2).mean((2, 3)))


class PixelShuffle(ZooNetwork):
    """Four filters make one upsampled channel, so four neighbours are one unit."""

    expected = (channels(4, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(4, 2, 1)
        self.up = nn.PixelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.up(self.conv(x))))


class PixelUnshuffle(ZooNetwork):
    """One channel becomes four neighbours at half the resolution: four consumer inputs each."""

    expected = (channels(3, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(12, 2, 1)
        self.down = nn.PixelUnshuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.down(F.relu(self.conv(x))))


class SpaceToDepth(ZooNetwork):
    """Pixel unshuffle by hand, offsets before channels: a channel owns every fifth input."""

    expected = (channels(5, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 5, 3, padding=1), nn.Conv2d(20, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x)).view(-1, 5, 4, 2, 4, 2).permute(0, 3, 5, 1, 2, 4)
        return self.head(x.reshape(-1, 20, 4, 4))


class SqueezeExcite(ZooNetwork):
    """The gate multiplies the stream, so its last layer and the stream leave together."""

    expected = (
        channels(8, out("conv", "up"), into("down", "head")),
        channels(5, out("down"), into("up")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.down = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 5, 1)
        self.up, self.head = nn.Conv2d(5, 8, 1), nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        gate = F.relu(self.down(F.adaptive_avg_pool2d(x, 1)))
        return self.head(x * torch.sigmoid(self.up(gate)))


class SqueezeExciteLinear(ZooNetwork):
    """Squeeze-excite through linear layers and views, as in the paper."""

    expected = (
        channels(8, out("conv", "up"), into("down", "head")),
        channels(5, out("down"), into("up")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.down = nn.Conv2d(3, 8, 3), nn.Linear(8, 5)
        self.up, self.head = nn.Linear(5, 8), nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        b, c, _, _ = x.shape
        gate = F.relu(self.down(F.adaptive_avg_pool2d(x, 1).view(b, c)))
        return self.head(x * torch.sigmoid(self.up(gate)).view(b, c, 1, 1).expand_as(x))


class Ghost(ZooNetwork):
    """GhostNet: cheap depthwise copies are concatenated to the channels they are made of."""

    expected = (channels(6, out("primary", "cheap"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.primary = nn.Conv2d(3, 6, 1)
        self.cheap, self.head = nn.Conv2d(6, 6, 3, padding=1, groups=6), nn.Conv2d(12, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.primary(x))
        return self.head(torch.cat([x, F.relu(self.cheap(x))], dim=1))


class SplitDepthwise(ZooNetwork):
    """MixNet: halves of the channels pass depthwise kernels of different size, then meet."""

    expected = (
        channels(4, out("conv", "small"), into("head")),
        channels(6, out("conv", "large"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 10, 1), nn.Conv2d(10, 2, 1)
        self.small = nn.Conv2d(4, 4, 3, padding=1, groups=4)
        self.large = nn.Conv2d(6, 6, 5, padding=2, groups=6)

    def forward(self, x: Tensor) -> Tensor:
        small, large = torch.split(F.relu(self.conv(x)), (4, 6), 1)
        return self.head(torch.cat([self.small(small), self.large(large)], 1))
