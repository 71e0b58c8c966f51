"""Weights of the network's own in products: matmul, addmm, einsum, and a weight of low rank."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, draw, into, out, param, refuse


class MatmulParameter(ZooNetwork):
    """A parameter used with @ is (in, out), the other way round than a linear layer's."""

    shape = (4, 5)
    expected = (
        channels(7, param("first", dim=1), param("shift"), param("second", dim=0)),
        channels(6, param("second", dim=1), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.first, self.shift = nn.Parameter(torch.randn(5, 7)), nn.Parameter(torch.zeros(7))
        self.second, self.head = nn.Parameter(torch.randn(7, 6)), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(torch.relu(x @ self.first + self.shift) @ self.second))


class AddmmParameter(ZooNetwork):
    """addmm as GPT-2's Conv1D uses it: bias, input, and an (in, out) weight."""

    shape = (5,)
    expected = (channels(8, param("weight", dim=1), param("bias"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(5, 8)), nn.Parameter(torch.zeros(8))
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.gelu(torch.addmm(self.bias, x, self.weight)))


class EinsumParameter(ZooNetwork):
    """einsum names the dimensions: f is contracted with the input, g goes on."""

    shape = (4, 5)
    expected = (
        channels(7, param("first", dim=0), param("second", dim=1)),
        channels(6, param("second", dim=0), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Parameter(torch.randn(7, 5)), nn.Parameter(torch.randn(6, 7))
        self.head = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(torch.einsum("bnf,gf->bng", x, self.first))
        return self.head(torch.relu(torch.einsum("bnf,gf->bng", x, self.second)))


class EinsumThreeWay(ZooNetwork):
    """A low-rank bilinear form: the rank r is contracted by all three factors at once."""

    expected = (
        channels(4, param("u", dim=1), param("v", dim=1), param("w", dim=1)),
        channels(6, param("w", dim=0), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.u, self.v = nn.Parameter(torch.randn(5, 4)), nn.Parameter(torch.randn(3, 4))
        self.w, self.head = nn.Parameter(torch.randn(6, 4)), nn.Linear(6, 2)

    def example(self) -> tuple[Tensor, Tensor]:
        return draw(3, 5), draw(3, 3, seed=2)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        mixed = torch.einsum("bi,ir,bj,jr,or->bo", x, self.u, y, self.v, self.w)
        return self.head(torch.tanh(mixed))


class LowRankFactor(ZooNetwork):
    """LoRA: the rank is a group of its own, the update is added to the frozen layer's outputs."""

    shape = (5,)
    expected = (
        channels(8, out("base"), param("up", dim=0), into("head")),
        channels(4, param("up", dim=1), param("down", dim=0)),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.base, self.head = nn.Linear(5, 8), nn.Linear(8, 3)
        self.down, self.up = nn.Parameter(torch.randn(4, 5)), nn.Parameter(torch.randn(8, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.base(x) + F.linear(F.linear(x, self.down), self.up)))
