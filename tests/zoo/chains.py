"""Plain chains: convolutions and linear layers of every rank, activations between them."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, into, out, param, refuse


class PlainMlp(ZooNetwork):
    """Each hidden layer is its own group: its outputs meet only the next layer's inputs."""

    shape = (5,)
    expected = (
        channels(7, out("fc1"), into("fc2")),
        channels(6, out("fc2"), into("fc3")),
    )
    refused = refuse("output", "fc3")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(5, 7), nn.Linear(7, 6), nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc3(torch.relu(self.fc2(torch.tanh(self.fc1(x)))))


class SigmoidMlpWithoutBias(ZooNetwork):
    """sigmoid(0) is a half, but the consumer's column leaves too, so removal stays exact."""

    shape = (5,)
    expected = (channels(8, out("fc1", bias=False), into("fc2")),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8, bias=False), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(torch.sigmoid(self.fc1(x)))


class ConvChain(ZooNetwork):
    """Kernel, stride and dilation do not couple channels; batch norms follow their convolution."""

    expected = (
        channels(6, out("conv1", bias=False), out("bn1"), into("conv2")),
        channels(8, out("conv2", "bn2"), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 8, 3, stride=2, padding=2, dilation=2)
        self.bn2 = nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.max_pool2d(F.hardswish(self.bn2(self.conv2(x))), 2)
        return self.fc(x.mean((2, 3)))


class FlattenSpatial(ZooNetwork):
    """One channel owns a block of 16 classifier inputs after flattening a 4 x 4 map."""

    expected = (channels(6, out("conv"), into("fc")),)
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.fc = nn.Linear(6 * 16, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(torch.flatten(F.relu(self.conv(x)), 1))


class FlattenPooled(ZooNetwork):
    """Pooled to 1 x 1, each channel owns exactly one classifier input."""

    expected = (channels(7, out("conv"), into("fc")),)
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 7, 3)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(7, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(F.relu(self.conv(x)))
        return self.fc(x.view(x.size(0), -1))


class FlattenChannelsLast(ZooNetwork):
    """Permuted to channels-last before flattening, a channel owns every sixth input."""

    expected = (channels(6, out("conv"), into("fc")),)
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, stride=4, padding=1)
        self.fc = nn.Linear(2 * 2 * 6, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.relu(self.conv(x)).permute(0, 2, 3, 1).flatten(1))


class FlattenChannelsMiddle(ZooNetwork):
    """Flattened as (H, C, W), a channel owns W-long blocks, one for each row."""

    expected = (channels(5, out("conv"), into("fc")),)
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3, stride=(4, 2), padding=1)
        self.fc = nn.Linear(2 * 5 * 4, 6)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x).relu().transpose(1, 2)
        return self.fc(x.reshape(x.shape[0], -1))


class Conv1dChain(ZooNetwork):
    """Rank one behaves like rank two: filters couple to the next kernel's channels."""

    shape = (2, 12)
    expected = (
        channels(5, out("conv1", "bn1"), into("conv2")),
        channels(7, out("conv2"), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv1d(2, 5, 3), nn.BatchNorm1d(5)
        self.conv2, self.fc = nn.Conv1d(5, 7, 3, stride=2), nn.Linear(7, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool1d(F.gelu(self.bn1(self.conv1(x))), 2)
        return self.fc(F.relu(self.conv2(x)).amax(-1))


class Conv3dChain(ZooNetwork):
    """Rank three behaves like rank two, the flattened volume included."""

    shape = (2, 4, 4, 4)
    expected = (
        channels(5, out("conv1", "bn1"), into("conv2")),
        channels(6, out("conv2"), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv3d(2, 5, 3, padding=1), nn.BatchNorm3d(5)
        self.conv2, self.fc = nn.Conv3d(5, 6, 2), nn.Linear(6 * 8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = F.silu(self.bn1(self.conv1(x)))
        x = F.avg_pool3d(F.elu(self.conv2(F.pad(x, (1, 0, 1, 0, 1, 0)))), 2)
        return self.fc(x.flatten(1))


class TransposedConv(ZooNetwork):
    """A transposed kernel stores inputs first: dimension 0 consumes, dimension 1 produces."""

    expected = (
        channels(6, out("down"), param("up.weight", dim=0)),
        channels(4, param("up.weight", dim=1), param("up.bias", "bn.weight", "bn.bias"),
                 into("head")),
    )  # fmt: skip
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 6, 4, stride=2, padding=1)
        self.up, self.bn = nn.ConvTranspose2d(6, 4, 4, stride=2, padding=1), nn.BatchNorm2d(4)
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.bn(self.up(F.relu(self.down(x))))))


class TransposedConv1d(ZooNetwork):
    """Rank one of the transposed kernel, here the last layer, which must stay."""

    shape = (3, 9)
    expected = (channels(5, out("down"), param("up.weight", dim=0)),)
    refused = refuse("output", "up")

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv1d(3, 5, 3)
        self.up = nn.ConvTranspose1d(5, 2, 3, stride=2, output_padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.up(F.leaky_relu(self.down(x), 0.2))


class UnusedBranch(ZooNetwork):
    """A layer that feeds nothing is not part of the graph, and couples with nothing."""

    shape = (5,)
    expected = (channels(7, out("fc1"), into("fc2")),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.spare = nn.Linear(5, 7), nn.Linear(7, 3), nn.Linear(5, 7)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.relu(self.fc1(x)))
