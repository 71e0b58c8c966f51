"""What must be refused, by name: operators that mix channels in ways a removal would break."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, into, out, param, refuse


class SortedChannels(ZooNetwork):
    """Sorting over channels moves every value: which channel lands where depends on the input."""

    shape = (5,)
    expected = (channels(6, out("fc2"), into("fc3")),)
    refused = refuse("sort", "fc1") + refuse("output", "fc3")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(5, 7), nn.Linear(7, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.sort(self.fc1(x), dim=1).values
        return self.fc3(F.relu(self.fc2(x)))


class TopChannels(ZooNetwork):
    """The three largest channels win, whichever they are."""

    shape = (5,)
    refused = refuse("topk", "fc1") + refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 7), nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(torch.topk(self.fc1(x), 3, dim=1).values)


class FourierChannels(ZooNetwork):
    """A Fourier transform over channels mixes all of them."""

    shape = (5,)
    refused = refuse("fft", "fc1") + refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(5, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(torch.fft.rfft(self.fc1(x), dim=1).abs())


class CumulativeChannels(ZooNetwork):
    """A running sum over channels: later channels contain the earlier ones."""

    shape = (5,)
    refused = refuse("cumsum", "fc1") + refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(torch.cumsum(self.fc1(x), dim=1))


class CumulativeTime(ZooNetwork):
    """A running sum over time leaves channels alone."""

    shape = (4, 5)
    expected = (channels(8, out("fc1"), into("fc2")),)
    refused = refuse("output", "fc2")
    either = True

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(torch.cumsum(self.fc1(x), dim=1))


class RolledChannels(ZooNetwork):
    """Rolling over channels and adding ties each to its neighbour: all of them are one ring."""

    refused = refuse("", "conv") + refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        return self.head(x + torch.roll(x, 1, 1))


class SoftmaxChannels(ZooNetwork):
    """Shares of one whole over the channels: a removal hands its share to the others, so the
    shares are over the kept, as with a norm."""

    shape = (5,)
    expected = (channels(8, out("fc1"), into("fc2"), normalised=True),)
    refused = refuse("output", "fc2")
    either = True

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.fc1(x).softmax(dim=1))


class MaxOverChannels(ZooNetwork):
    """The largest channel of a pixel may be the one that leaves: no silence equals that, so the
    reference is the largest of the kept, as with a norm."""

    expected = (channels(6, out("conv"), normalised=True),)
    refused = refuse("output", "head")
    either = True

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(1, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.conv(x).amax(1, keepdim=True))


class LocalResponseNorm(ZooNetwork):
    """AlexNet's norm looks at neighbouring channels: a removal brings strangers together."""

    expected = (channels(7, out("conv2"), into("head")),)
    refused = refuse("", "conv1") + refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm = nn.Conv2d(3, 6, 3), nn.LocalResponseNorm(3, alpha=0.5)
        self.conv2, self.head = nn.Conv2d(6, 7, 3), nn.Conv2d(7, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(F.relu(self.conv1(x)))
        return self.head(F.relu(self.conv2(x)))


class ConvOverChannels(ZooNetwork):
    """ECA slides a kernel over the channel axis itself, where channels that are gone are zero."""

    expected = (channels(6, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.eca = nn.Conv2d(3, 6, 3), nn.Conv1d(1, 1, 3, padding=1)
        self.head = nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        gate = self.eca(x.mean((2, 3)).unsqueeze(1)).transpose(1, 2).unsqueeze(-1)
        return self.head(x * torch.sigmoid(gate))


class PooledChannels(ZooNetwork):
    """Pooling over the channel axis, two by two, makes pairs of neighbours one unit."""

    shape = (5,)
    expected = (channels(4, out("fc1"), into("fc2")),)
    refused = refuse("output", "fc2")
    either = True

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.avg_pool1d(self.fc1(x).unsqueeze(1), 2).squeeze(1))


class InverseMatrix(ZooNetwork):
    """A determinant of features has no rule, and never will."""

    shape = (5,)
    refused = refuse("", "fc1") + refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 9), nn.Linear(9, 3)

    def forward(self, x: Tensor) -> Tensor:
        square = self.fc1(x).view(-1, 3, 3) + 3.0 * torch.eye(3, device=x.device, dtype=x.dtype)
        return self.fc2(torch.linalg.inv(square).flatten(1))


class SpectralNorm(ZooNetwork):
    """The largest singular value belongs to the whole matrix: a smaller one has another, which is
    estimated with the same vectors over what stays."""

    shape = (5,)
    expected = (
        channels(
            8, param("fc1.parametrizations.weight.original", "fc1.bias"), into("fc2"),
            normalised=True,
        ),
    )  # fmt: skip
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.utils.parametrizations.spectral_norm(nn.Linear(5, 8))
        self.fc2 = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.relu(self.fc1(x)))


class ScalarOfAll(ZooNetwork):
    """A variance over channels by torch.var, which divides by their number less one."""

    shape = (5,)
    expected = (channels(8, out("fc1"), into("fc2"), normalised=True),)
    refused = refuse("output", "fc2")
    either = True

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc1(x)
        return self.fc2(x / (x.var(dim=1, keepdim=True) + 1.0))


class OneChannelGate(ZooNetwork):
    """A single channel gates the others by broadcasting: the only one there is cannot leave."""

    expected = (channels(6, out("conv"), into("gate", "head")),)
    refused = refuse("", "gate") + refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.gate, self.head = (
            nn.Conv2d(3, 6, 3), nn.Conv2d(6, 1, 1), nn.Conv2d(6, 2, 1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        return self.head(x * torch.sigmoid(self.gate(x)))


class HeadWeightsReturned(ZooNetwork):
    """Attention weights returned head by head keep every head; the features within a head may
    leave, the same ones of every head."""

    shape = (5, 12)
    expected = (channels(4, out("q", "k")), channels(4, out("v"), into("proj")))
    refused = refuse("output", "proj")
    either = True

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(12, 12), nn.Linear(12, 12), nn.Linear(12, 12)
        self.proj = nn.Linear(12, 7)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        q, k, v = (
            layer(x).unflatten(-1, (3, 4)).transpose(1, 2) for layer in (self.q, self.k, self.v)
        )
        weights = (q @ k.transpose(-1, -2)).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).flatten(2)), weights
