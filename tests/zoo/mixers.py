"""Token mixers: transposed tokens, spatial gates, pooling, convolution, experts."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, into, out, refuse


class Mixer(ZooNetwork):
    """MLP-Mixer: the token mixer's hidden width is free, its outputs are as many as tokens,
    which the input decides; the channel stream is normalised."""

    shape = (5, 4)
    expected = (
        channels(8, out("stem", "norm1", "norm2", "ch2"), into("ch1", "head"), normalised=True),
        channels(6, out("tok1"), into("tok2")),
        channels(9, out("ch1"), into("ch2")),
    )
    refused = refuse("", "tok2") + refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm1, self.norm2 = nn.Linear(4, 8), nn.LayerNorm(8), nn.LayerNorm(8)
        self.tok1, self.tok2 = nn.Linear(5, 6), nn.Linear(6, 5)
        self.ch1, self.ch2, self.head = nn.Linear(8, 9), nn.Linear(9, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = self.norm1(x).transpose(1, 2)
        x = x + self.tok2(F.gelu(self.tok1(y))).transpose(1, 2)
        x = x + self.ch2(F.gelu(self.ch1(self.norm2(x))))
        return self.head(x.mean(1))


class SpatialGating(ZooNetwork):
    """gMLP: one half of the features, normalised and mixed over tokens, gates the other."""

    shape = (5, 4)
    expected = (channels(7, out("up", "norm"), into("down"), normalised=True),)
    refused = refuse("", "spatial") + refuse("output", "down")

    def __init__(self) -> None:
        super().__init__()
        self.up, self.norm, self.down = nn.Linear(4, 14), nn.LayerNorm(7), nn.Linear(7, 3)
        self.spatial = nn.Linear(5, 5)

    def forward(self, x: Tensor) -> Tensor:
        left, right = F.gelu(self.up(x)).chunk(2, dim=-1)
        return self.down(left * self.spatial(self.norm(right).mT).mT)


class SpatialGatingConv(ZooNetwork):
    """The same with a convolution over tokens: a kernel of one slides over features without
    mixing them, which an engine may know or refuse."""

    shape = (5, 4)
    expected = (channels(7, out("up", "norm"), into("down"), normalised=True),)
    refused = refuse("", "spatial") + refuse("output", "down")
    either = True

    def __init__(self) -> None:
        super().__init__()
        self.up, self.norm, self.down = nn.Linear(4, 14), nn.LayerNorm(7), nn.Linear(7, 3)
        self.spatial = nn.Conv1d(5, 5, 1)

    def forward(self, x: Tensor) -> Tensor:
        left, right = F.gelu(self.up(x)).chunk(2, dim=-1)
        return self.down(left * self.spatial(self.norm(right)))


class TokenPooling(ZooNetwork):
    """A linear map over tokens to fewer tokens, then flattened: a learned token and a channel
    cross in the classifier's inputs, each a group of its own."""

    shape = (5, 4)
    expected = (channels(6, out("stem"), into("fc")), channels(3, out("pool"), into("fc")))
    refused = refuse("output", "fc")
    either = True

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.pool, self.fc = nn.Linear(4, 6), nn.Linear(5, 3), nn.Linear(18, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.stem(x)).transpose(1, 2)
        return self.fc(torch.relu(self.pool(x)).flatten(1))


class ConvMixer(ZooNetwork):
    """ConvMixer: depthwise inside a residual, pointwise outside: widths tied layer by layer."""

    expected = (
        channels(8, out("patch", "bn0", "depthwise", "bn1"), into("pointwise")),
        channels(6, out("pointwise", "bn2"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.bn0 = nn.Conv2d(3, 8, 2, 2), nn.BatchNorm2d(8)
        self.depthwise, self.bn1 = nn.Conv2d(8, 8, 3, groups=8, padding="same"), nn.BatchNorm2d(8)
        self.pointwise, self.bn2 = nn.Conv2d(8, 6, 1), nn.BatchNorm2d(6)
        self.head = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn0(F.gelu(self.patch(x)))
        x = x + self.bn1(F.gelu(self.depthwise(x)))
        return self.head(self.bn2(F.gelu(self.pointwise(x))).mean((2, 3)))


class PoolFormer(ZooNetwork):
    """Pooling minus identity as token mixer: no parameters, the stream is group-normalised."""

    expected = (
        channels(6, out("stem", "norm1", "norm2", "fc2"), into("fc1", "head"), normalised=True),
        channels(9, out("fc1"), into("fc2")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, 6, 3, 2), nn.Linear(6, 4)
        self.norm1, self.norm2 = nn.GroupNorm(1, 6), nn.GroupNorm(1, 6)
        self.fc1, self.fc2 = nn.Conv2d(6, 9, 1), nn.Conv2d(9, 6, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = self.norm1(x)
        x = x + F.avg_pool2d(y, 3, 1, 1, count_include_pad=False) - y
        x = x + self.fc2(F.gelu(self.fc1(self.norm2(x))))
        return self.head(x.mean((2, 3)))


class MixtureOfExperts(ZooNetwork):
    """A soft mixture: expert widths are free, the experts' outputs are summed and so tied, and
    the router's own outputs are shares of one whole, which a removal would reshare."""

    shape = (5,)
    expected = (
        channels(7, out("a1"), into("a2")),
        channels(8, out("b1"), into("b2")),
        channels(6, out("a2", "b2"), into("head")),
    )
    refused = refuse("", "router") + refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.router = nn.Linear(5, 2)
        self.a1, self.a2 = nn.Linear(5, 7), nn.Linear(7, 6)
        self.b1, self.b2, self.head = nn.Linear(5, 8), nn.Linear(8, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        share = self.router(x).softmax(-1)
        a, b = self.a2(F.relu(self.a1(x))), self.b2(F.relu(self.b1(x)))
        return self.head(share[:, :1] * a + share[:, 1:] * b)
