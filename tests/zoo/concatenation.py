"""Concatenation: dense blocks, inception branches, U-Net skips, stacks."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, into, out, param, refuse


class CatTwo(ZooNetwork):
    """Each branch keeps its own group, and both own a part of the consumer's inputs."""

    expected = (
        channels(5, out("a"), into("head")),
        channels(7, out("b"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 5, 3), nn.Conv2d(3, 7, 3)
        self.head = nn.Conv2d(12, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(torch.cat([self.a(x), self.b(x)], 1)))


class CatWithInput(ZooNetwork):
    """The network's input may be concatenated; only the convolution's part can leave."""

    expected = (channels(6, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(9, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.cat([x, torch.relu(self.conv(x))], 1))


class CatTwice(ZooNetwork):
    """One tensor concatenated with its own negative: each channel owns two consumer inputs."""

    expected = (channels(6, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(12, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return self.head(F.relu(torch.cat([x, -x], 1)))


class CatFlatten(ZooNetwork):
    """Concatenation, then flattening: blocks of nine classifier inputs from either branch."""

    expected = (
        channels(4, out("a"), into("fc")),
        channels(6, out("b"), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3, 2), nn.Conv2d(3, 6, 3, 2)
        self.fc = nn.Linear(10 * 9, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(torch.cat([self.a(x), self.b(x)], 1).relu().flatten(1))


class CatOfFlattened(ZooNetwork):
    """Branches flattened at different resolutions, then concatenated."""

    expected = (
        channels(4, out("a"), into("fc")),
        channels(6, out("b"), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3, 2), nn.Conv2d(3, 6, 5, 2)
        self.fc = nn.Linear(4 * 9 + 6 * 4, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(torch.cat((self.a(x).flatten(1), self.b(x).flatten(1)), -1).relu())


class DenseBlock(ZooNetwork):
    """Every layer of a dense block feeds all the later ones, norms over the concat included."""

    expected = (
        channels(6, out("stem", "bn1", "bn2", "bn"), into("conv1", "conv2", "fc")),
        channels(4, out("conv1", "bn2", "bn"), into("conv2", "fc")),
        channels(5, out("conv2", "bn"), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.bn1, self.conv1 = nn.BatchNorm2d(6), nn.Conv2d(6, 4, 3, padding=1)
        self.bn2, self.conv2 = nn.BatchNorm2d(10), nn.Conv2d(10, 5, 3, padding=1)
        self.bn, self.fc = nn.BatchNorm2d(15), nn.Linear(15, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = torch.cat([x, self.conv1(F.relu(self.bn1(x)))], 1)
        x = torch.cat([x, self.conv2(F.relu(self.bn2(x)))], 1)
        return self.fc(F.relu(self.bn(x)).mean((2, 3)))


class Inception(ZooNetwork):
    """Four branches of different widths meet in one concatenation."""

    expected = (
        channels(6, out("stem"), into("b1", "b2a", "b3a", "b4")),
        channels(4, out("b1"), into("head")),
        channels(5, out("b2a"), into("b2b")),
        channels(7, out("b2b"), into("head")),
        channels(8, out("b3a"), into("b3b")),
        channels(3, out("b3b"), into("head")),
        channels(2, out("b4"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.b1 = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 4, 1)
        self.b2a, self.b2b = nn.Conv2d(6, 5, 1), nn.Conv2d(5, 7, 3, padding=1)
        self.b3a, self.b3b = nn.Conv2d(6, 8, 1), nn.Conv2d(8, 3, (1, 5), padding=(0, 2))
        self.b4, self.head = nn.Conv2d(6, 2, 1), nn.Conv2d(16, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x))
        pooled = F.avg_pool2d(x, 3, stride=1, padding=1)
        branches = [
            self.b1(x), self.b2b(F.relu(self.b2a(x))), self.b3b(F.relu(self.b3a(x))),
            self.b4(pooled),
        ]  # fmt: skip
        return self.head(F.relu(torch.cat(branches, dim=1)))


class UNet(ZooNetwork):
    """The skip is concatenated to what comes up: the decoder reads both groups."""

    expected = (
        channels(4, out("enc1"), into("enc2", "dec")),
        channels(6, out("enc2"), into("mid")),
        channels(8, out("mid"), param("up.weight", dim=0)),
        channels(5, param("up.weight", dim=1), param("up.bias"), into("dec")),
        channels(7, out("dec"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.enc1, self.enc2 = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 6, 3, padding=1)
        self.mid, self.up = nn.Conv2d(6, 8, 3, padding=1), nn.ConvTranspose2d(8, 5, 2, stride=2)
        self.dec, self.head = nn.Conv2d(9, 7, 3, padding=1), nn.Conv2d(7, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        skip = F.relu(self.enc1(x))
        x = F.relu(self.enc2(F.max_pool2d(skip, 2)))
        x = self.up(F.relu(self.mid(x)))
        return self.head(F.relu(self.dec(torch.cat([skip, x], 1))))


class StackBranches(ZooNetwork):
    """Stacking ties the branches index by index, on a new dimension that is summed away."""

    expected = (channels(6, out("a", "b", "c"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 6, 3), nn.Conv2d(3, 6, 3)
        self.c, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.stack([self.a(x), self.b(x), self.c(x)], dim=1).relu().sum(1))


class StackInterleave(ZooNetwork):
    """Stacked behind the channels and flattened, the branches interleave: pairs leave together."""

    shape = (4,)
    expected = (channels(5, out("a", "b"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = nn.Linear(4, 5), nn.Linear(4, 5), nn.Linear(10, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(torch.stack((self.a(x), self.b(x)), -1).flatten(1)))
