"""Norms and other statistics over channels that are written out in the forward."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, into, out, param, refuse


class RmsNormByHand(ZooNetwork):
    """Llama writes its norm with pow, mean and rsqrt: the mean is over what is kept."""

    shape = (4, 5)
    expected = (channels(8, out("fc1"), param("gain"), into("fc2"), normalised=True),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(8, 3)
        self.gain = nn.Parameter(torch.ones(8))

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc1(x)
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)
        return self.fc2(self.gain * x)


class ConvNeXtBlock(ZooNetwork):
    """Depthwise, channels-last norm, expansion and scale: the stream is normalised, the
    expansion inside is not."""

    expected = (
        channels(6, out("stem", "depthwise", "norm", "project"), param("scale"),
                 into("expand", "fc"), normalised=True),
        channels(10, out("expand"), into("project")),
    )  # fmt: skip
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 2, 2)
        self.depthwise = nn.Conv2d(6, 6, 3, padding=1, groups=6)
        self.norm, self.expand = nn.LayerNorm(6), nn.Linear(6, 10)
        self.project, self.scale = nn.Linear(10, 6), nn.Parameter(torch.ones(6))
        self.fc = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.scale * self.project(F.gelu(self.expand(y)))
        return self.fc((x + y.permute(0, 3, 1, 2)).mean((2, 3)))


class GlobalResponseNorm(ZooNetwork):
    """ConvNeXtV2 divides each channel's energy by the mean over channels: normalised."""

    shape = (4, 4, 5)
    expected = (channels(8, out("fc1"), param("gamma", "beta"), into("fc2"), normalised=True),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(8, 3)
        self.gamma, self.beta = nn.Parameter(torch.zeros(8)), nn.Parameter(torch.zeros(8))

    def forward(self, x: Tensor) -> Tensor:
        x = F.gelu(self.fc1(x))
        energy = x.pow(2).sum((1, 2), keepdim=True).sqrt()
        energy = energy / (energy.mean(-1, keepdim=True) + 1e-6)
        return self.fc2(x + self.gamma * (x * energy) + self.beta)


class LengthNormalised(ZooNetwork):
    """A vector scaled to length one: the length is over the kept features, a norm and so marked
    (though a silent feature would add nothing to it)."""

    shape = (5,)
    expected = (channels(8, out("fc1"), into("fc2"), normalised=True),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.normalize(self.fc1(x), dim=1))


class ChannelMeanGate(ZooNetwork):
    """CBAM's spatial gate looks at the mean over channels, which is over the kept ones."""

    expected = (channels(6, out("conv"), into("head"), normalised=True),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.spatial = nn.Conv2d(3, 6, 3), nn.Conv2d(1, 1, 3, padding=1)
        self.head = nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        gate = torch.sigmoid(self.spatial(x.mean(1, keepdim=True)))
        return self.head(x * gate)


class ChannelSum(ZooNetwork):
    """A sum over channels simply loses the summand: exact, and the sum itself is the reader."""

    expected = (channels(6, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.tanh(self.conv(x))
        return self.head(x) + x.sum(1, keepdim=True)
