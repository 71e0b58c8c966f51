"""Patterns that meet: each is easy alone, the pair is where engines go wrong."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, heads, into, out, param, refuse
from tests.zoo.rearranged import shuffle


class ResidualShuffle(ZooNetwork):
    """A shuffled stream added to itself ties cycles of the deal: with 2 x 3 dealt out, 0 and 5
    stay, the other four go round in a ring, so no rectangle but the whole is left."""

    refused = refuse("", "conv") + refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        return self.head(x + shuffle(x, 2))


class ShuffleBetweenGroups(ZooNetwork):
    """ShuffleNetV1: index i of both groups is dealt to places 2i and 2i + 1, and place p leaves
    with place p + 4, so i leaves with i + 2 of both groups: two units of four channels."""

    expected = (
        channels(2, out("one"), into("two")),
        channels(6, out("two"), into("head")),
    )
    refused = refuse("output", "head")
    shape = (4, 8, 8)

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(4, 8, 1, groups=2), nn.Conv2d(8, 12, 3, groups=2)
        self.head = nn.Conv2d(12, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.two(shuffle(F.relu(self.one(x)), 2))))


class PixelShuffleResidual(ZooNetwork):
    """Upsampled by filters in fours, added to an interpolated skip: four filters and one
    channel of the skip are a unit."""

    expected = (channels(5, out("grow", "skip"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.grow, self.skip = nn.Conv2d(3, 20, 3, padding=1), nn.Conv2d(3, 5, 1)
        self.head = nn.Conv2d(5, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        up = F.pixel_shuffle(self.grow(x), 2)
        return self.head(F.relu(up + F.interpolate(self.skip(x), scale_factor=2.0)))


class GluResidual(ZooNetwork):
    """A gated update of a stream: both halves of the gate leave with the stream's channel."""

    shape = (5,)
    expected = (channels(6, out("stem", "gated"), into("gated", "fc")),)
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.gated, self.fc = nn.Linear(5, 6), nn.Linear(6, 12), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.tanh(self.stem(x))
        return self.fc(x + F.glu(self.gated(x)))


class ResidualAcrossFlatten(ZooNetwork):
    """Flattened maps are gated by a linear layer: a channel owns nine of that layer's rows, and
    nine of its columns."""

    expected = (channels(4, out("conv", "gate"), into("gate", "fc")),)
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.gate, self.fc = nn.Conv2d(3, 4, 3, 2), nn.Linear(36, 36), nn.Linear(36, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x)).flatten(1)
        return self.fc(x * torch.sigmoid(self.gate(x)))


class LinearToMap(ZooNetwork):
    """A generator: a linear layer's outputs, viewed as a map, give each channel a block of 16
    rows."""

    shape = (6,)
    expected = (
        channels(5, out("fc"), out("bn"), param("up.weight", dim=0)),
        channels(4, param("up.weight", dim=1), param("up.bias"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.bn = nn.Linear(6, 5 * 16), nn.BatchNorm2d(5)
        self.up, self.head = nn.ConvTranspose2d(5, 4, 2, 2), nn.Conv2d(4, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn(self.fc(x).view(-1, 5, 4, 4)))
        return torch.tanh(self.head(F.relu(self.up(x))))


class GroupedQueryOdd(ZooNetwork):
    """Two key-value heads and six query heads: the larger factor of the repeat is the unit, a
    query head of each key-value head."""

    shape = (5, 6)
    expected = (heads(3, out("q", bias=False), into("proj")),)
    refused = refuse("", "k", "v") + refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.q = nn.Linear(6, 24, bias=False)
        self.k, self.v = nn.Linear(6, 8, bias=False), nn.Linear(6, 8, bias=False)
        self.proj = nn.Linear(24, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q = self.q(x).view(b, n, 6, 4).transpose(1, 2)
        k, v = (layer(x).view(b, n, 2, 4).transpose(1, 2) for layer in (self.k, self.v))
        k, v = (each[:, :, None].expand(b, 2, 3, n, 4).reshape(b, 6, n, 4) for each in (k, v))
        x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).reshape(b, n, 24))


class ParallelBlock(ZooNetwork):
    """GPT-J and ViT-22B: one packed layer makes q, k, v and the feed-forward; one packed layer
    closes both, so heads and hidden features are two groups on the same two layers."""

    shape = (5, 6)
    expected = (
        heads(3, out("entry"), into("closing")),
        channels(9, out("entry"), into("closing")),
    )
    refused = refuse("output", "closing")

    def __init__(self) -> None:
        super().__init__()
        self.entry, self.closing = nn.Linear(6, 3 * 12 + 9), nn.Linear(12 + 9, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v, hidden = self.entry(x).split([12, 12, 12, 9], dim=-1)
        q, k, v = (each.view(b, n, 3, 4).transpose(1, 2) for each in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, 12)
        return self.closing(torch.cat([y, F.gelu(hidden)], -1))


class SameWeightsAcrossScales(ZooNetwork):
    """A residual block applied three times with shared weights: stream and width, one group
    each, however often it runs."""

    expected = (
        channels(6, out("stem", "back"), into("ahead", "fc")),
        channels(8, out("ahead", "bn"), into("back")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.ahead = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 8, 3, padding=1)
        self.bn, self.back = nn.BatchNorm2d(8), nn.Conv2d(8, 6, 3, padding=1)
        self.fc = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for _ in range(3):
            x = F.avg_pool2d(x + self.back(F.relu(self.bn(self.ahead(x)))), 2)
        return self.fc(x.flatten(1))
