"""Filters that slide along the channels."""

import torch
from torch import Tensor, nn

from tests.zoo.network import ZooNetwork, channels, into, out, refuse


class EfficientChannelAttention(ZooNetwork):
    """A short filter along the channels' means gates them (ECA): a channel that is gone is zero."""

    expected = (channels(8, out("a"), into("b")),)
    refused = refuse("output", "b")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 5, 1)
        self.gate = nn.Conv1d(1, 1, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.a(x).relu()
        weight = self.gate(y.mean((2, 3))[:, None]).sigmoid()[:, 0, :, None, None]
        return self.b(y * weight).mean((2, 3))


class StridedChannelFilter(ZooNetwork):
    """The same filter with a stride mixes channels, so none can leave."""

    refused = refuse("slides", "a")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3), nn.Linear(4, 5)
        self.gate = nn.Conv1d(1, 1, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        means = self.a(x).relu().mean((2, 3))
        return self.b(torch.tanh(self.gate(means[:, None])[:, 0]))
