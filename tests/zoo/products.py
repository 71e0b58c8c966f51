"""Gates and products: GLU and its kin, bilinear forms, scales."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, draw, into, out, param, refuse


class Glu(ZooNetwork):
    """The second half gates the first: row i leaves with row i + 6."""

    shape = (5,)
    expected = (channels(6, out("fc1"), into("fc2")),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 12), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.glu(self.fc1(x), dim=-1))


class GluConv(ZooNetwork):
    """The same over channels, through torch's module and a batch norm before it."""

    expected = (channels(5, out("conv", "bn"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.glu = nn.Conv2d(3, 10, 3), nn.BatchNorm2d(10), nn.GLU(1)
        self.head = nn.Conv2d(5, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.glu(self.bn(self.conv(x))))


class Geglu(ZooNetwork):
    """GEGLU by chunk: a feature is a row of the value half and the same row of the gate half."""

    shape = (4, 5)
    expected = (channels(7, out("up"), into("down")),)
    refused = refuse("output", "down")

    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(5, 14), nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.up(x).chunk(2, dim=-1)
        return self.down(value * F.gelu(gate))


class SwigluSeparate(ZooNetwork):
    """Llama's feed-forward: gate and up are two layers with one width."""

    shape = (4, 5)
    expected = (channels(8, out("gate", "up", bias=False), into("down")),)
    refused = refuse("output", "down")

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.up = nn.Linear(5, 8, bias=False), nn.Linear(5, 8, bias=False)
        self.down = nn.Linear(8, 3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.silu(self.gate(x)) * self.up(x))


class SwigluInterleaved(ZooNetwork):
    """Gate and value take turns (even and odd features): neighbours leave together."""

    shape = (4, 5)
    expected = (channels(6, out("up"), into("down")),)
    refused = refuse("output", "down")

    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(5, 12), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.up(x)
        return self.down(F.silu(x[..., ::2]) * (x[..., 1::2] + 1))


class SimpleGate(ZooNetwork):
    """NAFNet multiplies the two halves of a depthwise convolution: both filters leave."""

    expected = (channels(6, out("expand", "depthwise"), into("project")),)
    refused = refuse("output", "project")

    def __init__(self) -> None:
        super().__init__()
        self.expand = nn.Conv2d(3, 12, 1)
        self.depthwise = nn.Conv2d(12, 12, 3, groups=12)
        self.project = nn.Conv2d(6, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        left, right = self.depthwise(self.expand(x)).chunk(2, dim=1)
        return self.project(left * right)


class BilinearLayer(ZooNetwork):
    """nn.Bilinear's weight is (out, left, right): each side is a group of its own."""

    expected = (
        channels(6, out("a"), param("mix.weight", dim=1)),
        channels(7, out("b"), param("mix.weight", dim=2)),
        channels(5, out("mix"), into("head")),
    )
    refused = refuse("output", "head")
    either = True

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 6), nn.Linear(3, 7)
        self.mix, self.head = nn.Bilinear(6, 7, 5), nn.Linear(5, 2)

    def example(self) -> tuple[Tensor, Tensor]:
        return draw(3, 4), draw(3, 3, seed=2)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.head(F.relu(self.mix(F.relu(self.a(x)), F.relu(self.b(y)))))


class BilinearPooling(ZooNetwork):
    """The outer product of two branches, flattened: a left channel owns a block of six inputs,
    a right channel every sixth."""

    shape = (4,)
    expected = (channels(5, out("a"), into("fc")), channels(6, out("b"), into("fc")))
    refused = refuse("output", "fc")
    either = True

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.fc = nn.Linear(4, 5), nn.Linear(4, 6), nn.Linear(30, 3)

    def forward(self, x: Tensor) -> Tensor:
        outer = self.a(x).unsqueeze(2) * torch.relu(self.b(x)).unsqueeze(1)
        return self.fc(outer.flatten(1))


class BilinearScore(ZooNetwork):
    """Two towers meet in a dot product: their features are one group with no consumer."""

    expected = (channels(7, out("a", "b")),)

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 7), nn.Linear(3, 7)

    def example(self) -> tuple[Tensor, Tensor]:
        return draw(3, 4), draw(3, 3, seed=2)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return (self.a(x) * self.b(y)).sum(-1)


class Film(ZooNetwork):
    """A condition makes a scale and a shift per channel: both halves of its layer and the
    convolution leave together."""

    expected = (channels(6, out("conv", "condition"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.condition = nn.Conv2d(3, 6, 3), nn.Linear(4, 12)
        self.head = nn.Conv2d(6, 2, 1)

    def example(self) -> tuple[Tensor, Tensor]:
        return draw(3, 3, 8, 8), draw(3, 4, seed=2)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        scale, shift = self.condition(y)[:, :, None, None].chunk(2, dim=1)
        return self.head(F.relu(self.conv(x) * (1 + scale) + shift))


class SelectiveKernel(ZooNetwork):
    """SKNet softmaxes over branches, not channels: all branches and their gates are one group."""

    expected = (
        channels(6, out("a", "b", "gate_a", "gate_b"), into("squeeze", "head")),
        channels(5, out("squeeze"), into("gate_a", "gate_b")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(3, 6, 5, padding=2)
        self.squeeze, self.head = nn.Linear(6, 5), nn.Conv2d(6, 2, 1)
        self.gate_a, self.gate_b = nn.Linear(5, 6), nn.Linear(5, 6)

    def forward(self, x: Tensor) -> Tensor:
        a, b = F.relu(self.a(x)), F.relu(self.b(x))
        z = F.relu(self.squeeze((a + b).mean((2, 3))))
        gates = torch.stack([self.gate_a(z), self.gate_b(z)], 1).softmax(1)[..., None, None]
        return self.head((torch.stack([a, b], 1) * gates).sum(1))


class BufferScale(ZooNetwork):
    """A constant vector along the channels (input statistics, a mask) is sliced with them."""

    shape = (5,)
    expected = (channels(7, out("fc1"), into("fc2")),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 7), nn.Linear(7, 3)
        self.register_buffer("scale", torch.linspace(0.2, 2.0, 7))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(torch.sigmoid(self.fc1(x) * self.scale))
