"""Channels picked by number: fixed permutations, and numbers that come with the input."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, draw, into, out, refuse, tokens


class PermutedByIndex(ZooNetwork):
    """A fixed permutation by an index buffer: exact if the index shrinks too, else refused."""

    expected = (channels(6, out("conv"), into("head")),)
    refused = refuse("output", "head")
    either = True
    order: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 2, 1)
        self.register_buffer("order", torch.tensor([3, 0, 5, 1, 4, 2]))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(torch.index_select(self.conv(x), 1, self.order)))


class PickedByIndex(ZooNetwork):
    """Advanced indexing that repeats two channels: their units own two features of the reader
    each, so they cost more than the others and are a group of their own."""

    shape = (5,)
    expected = (
        channels(4, out("fc1"), into("fc2")),
        channels(2, out("fc1"), into("fc2")),
    )
    refused = refuse("output", "fc2")
    either = True
    order: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 6), nn.Linear(8, 3)
        self.register_buffer("order", torch.tensor([3, 0, 5, 1, 4, 2, 0, 3]))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.relu(self.fc1(x))[:, self.order])


class ChosenByInput(ZooNetwork):
    """gather picks channels by numbers that come with the input: none of them can leave."""

    shape = (5,)
    refused = refuse("gather", "fc1") + refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 6), nn.Linear(2, 3)

    def example(self) -> tuple[Tensor, Tensor]:
        return draw(3, 5), tokens(6, 3, 2)

    def forward(self, x: Tensor, which: Tensor) -> Tensor:
        return self.fc2(torch.gather(F.relu(self.fc1(x)), 1, which))


class ArgmaxHead(ZooNetwork):
    """The number of the largest channel is an answer: without a channel the numbers shift."""

    shape = (5,)
    expected = (channels(6, out("fc1"), into("fc2")),)
    refused = refuse("", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 6), nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.relu(self.fc1(x))).argmax(1)
