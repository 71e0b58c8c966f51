"""Group convolutions and the channel arithmetic around them."""

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
