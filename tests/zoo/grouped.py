"""Group convolutions and the channel arithmetic around them."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, into, out, param, refuse


class Depthwise(ZooNetwork):
    """A depthwise filter is part of the channel that it filters."""

    expected = (channels(6, out("conv", "bn", "depthwise", "bn2"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.depthwise = nn.Conv2d(6, 6, 3, groups=6)
        self.bn2, self.head = nn.BatchNorm2d(6), nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn(self.conv(x)))
        return self.head(F.relu(self.bn2(self.depthwise(x))))


class DepthwiseOnInput(ZooNetwork):
    """A depthwise convolution of the network's input has the input's channels, which stay."""

    expected = (channels(6, out("pointwise"), into("head")),)
    refused = refuse("input", "depthwise") + refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(3, 3, 3, groups=3)
        self.pointwise, self.head = nn.Conv2d(3, 6, 1), nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.pointwise(self.depthwise(x))))


class DepthwiseMultiplier(ZooNetwork):
    """With multiplier 2, a channel takes both of its filters and both consumer inputs along."""

    expected = (channels(5, out("conv", "depthwise", "bn"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.depthwise = nn.Conv2d(3, 5, 3), nn.Conv2d(5, 10, 3, groups=5)
        self.bn, self.head = nn.BatchNorm2d(10), nn.Conv2d(10, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.bn(self.depthwise(F.relu(self.conv(x))))))


class Depthwise1d(ZooNetwork):
    """Rank one of the depthwise convolution, as in Conformer's convolution module."""

    shape = (4, 9)
    expected = (channels(6, out("conv", "depthwise"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.depthwise = nn.Conv1d(4, 6, 1), nn.Conv1d(6, 6, 3, groups=6)
        self.head = nn.Conv1d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.silu(self.depthwise(F.silu(self.conv(x)))))


class Depthwise3d(ZooNetwork):
    """Rank three of the depthwise convolution."""

    shape = (2, 4, 4, 4)
    expected = (channels(5, out("conv", "depthwise", "bn"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.depthwise = nn.Conv3d(2, 5, 1), nn.Conv3d(5, 5, 3, groups=5)
        self.bn, self.head = nn.BatchNorm3d(5), nn.Conv3d(5, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.bn(self.depthwise(F.relu(self.conv(x))))))


class DepthwiseTransposed(ZooNetwork):
    """A depthwise transposed kernel has its channels in dimension 0."""

    expected = (channels(6, out("conv", "up"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)
        self.up = nn.ConvTranspose2d(6, 6, 2, stride=2, groups=6)
        self.head = nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.up(F.relu(self.conv(x)))))


class GroupConv(ZooNetwork):
    """Two groups stay two: a unit is one channel of each, on the input and the output side.
    The weight's own input dimension is read by both groups at once."""

    expected = (
        channels(4, out("conv"), into("grouped")),
        channels(6, out("grouped"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.grouped, self.head = nn.Conv2d(8, 12, 3, groups=2), nn.Conv2d(12, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.grouped(F.relu(self.conv(x)))))


class GroupConvOnInput(ZooNetwork):
    """Only the outputs of a group convolution of the input may leave, one of each group."""

    shape = (4, 8, 8)
    expected = (channels(5, out("grouped"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.grouped, self.head = nn.Conv2d(4, 10, 3, groups=2), nn.Conv2d(10, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.grouped(x)))


class GroupConvLast(ZooNetwork):
    """Inputs of the last group convolution may leave group-wise; its outputs are read."""

    expected = (channels(3, out("conv"), into("grouped")),)
    refused = refuse("output", "grouped")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.grouped = nn.Conv2d(3, 9, 3), nn.Conv2d(9, 6, 3, groups=3)

    def forward(self, x: Tensor) -> Tensor:
        return self.grouped(F.relu(self.conv(x)))


class GroupConvTransposed(ZooNetwork):
    """A grouped transposed kernel is (inputs, outputs per group): both sides leave group-wise."""

    expected = (
        channels(4, out("conv"), param("up.weight", dim=0)),
        channels(3, param("up.weight", dim=1), param("up.bias"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.up, self.head = nn.ConvTranspose2d(8, 6, 2, 2, groups=2), nn.Conv2d(6, 5, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.up(F.relu(self.conv(x)))))


class GroupConvChain(ZooNetwork):
    """Groups of two, then of four: a unit must be equal in both halves and in all quarters."""

    expected = (
        channels(6, out("conv"), into("two")),
        channels(4, out("two"), into("four")),
        channels(3, out("four"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.two = nn.Conv2d(3, 12, 3), nn.Conv2d(12, 16, 1, groups=2)
        self.four, self.head = nn.Conv2d(16, 12, 1, groups=4), nn.Conv2d(12, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.four(F.relu(self.two(F.relu(self.conv(x)))))))


class ResNeXtBlock(ZooNetwork):
    """The group convolution sits inside the block; the stream outside it is free of groups."""

    expected = (
        channels(7, out("stem", "conv3"), into("conv1", "fc")),
        channels(4, out("conv1", "bn1"), into("conv2")),
        channels(6, out("conv2", "bn2"), into("conv3")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 7, 3, padding=1)
        self.conv1, self.bn1 = nn.Conv2d(7, 8, 1), nn.BatchNorm2d(8)
        self.conv2, self.bn2 = nn.Conv2d(8, 12, 3, padding=1, groups=2), nn.BatchNorm2d(12)
        self.conv3, self.fc = nn.Conv2d(12, 7, 1), nn.Linear(7, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.conv3(F.relu(self.bn2(self.conv2(y))))
        return self.fc(F.relu(x + y).mean((2, 3)))


class InvertedResidual(ZooNetwork):
    """MobileNetV2: expansion, depthwise and projection; the linear ends are the stream."""

    expected = (
        channels(5, out("stem", "project", "bn3"), into("expand", "fc")),
        channels(9, out("expand", "bn1", "depthwise", "bn2"), into("project")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.expand = nn.Conv2d(3, 5, 3, padding=1), nn.Conv2d(5, 9, 1)
        self.bn1, self.bn2, self.bn3 = nn.BatchNorm2d(9), nn.BatchNorm2d(9), nn.BatchNorm2d(5)
        self.depthwise, self.project = nn.Conv2d(9, 9, 3, padding=1, groups=9), nn.Conv2d(9, 5, 1)
        self.fc = nn.Linear(5, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = F.relu6(self.bn1(self.expand(x)))
        y = self.bn3(self.project(F.relu6(self.bn2(self.depthwise(y)))))
        return self.fc((x + y).mean((2, 3)))


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
