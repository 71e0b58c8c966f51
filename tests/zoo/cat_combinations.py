"""Concatenations, splits and slices that meet another pattern."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, into, out, refuse


class CatThenSplitElsewhere(ZooNetwork):
    """Concatenated as 4 + 6, split as 7 + 3: three channels of the second branch cross over."""

    expected = (
        channels(4, out("a"), into("left")),
        channels(3, out("b"), into("left")),
        channels(3, out("b"), into("right")),
        channels(5, out("left", "right"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 6, 1)
        self.left, self.right = nn.Conv2d(7, 5, 1), nn.Conv2d(3, 5, 1)
        self.head = nn.Conv2d(5, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        left, right = torch.cat([self.a(x), self.b(x)], 1).relu().split([7, 3], 1)
        return self.head(self.left(left) + self.right(right))


class GroupConvOnCat(ZooNetwork):
    """A group convolution in two halves reads two branches, one in each half: the same index of
    both leaves together."""

    expected = (
        channels(5, out("a", "b"), into("grouped")),
        channels(3, out("grouped"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 5, 1), nn.Conv2d(3, 5, 1)
        self.grouped, self.head = nn.Conv2d(10, 6, 3, groups=2), nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([F.relu(self.a(x)), torch.tanh(self.b(x))], 1)
        return self.head(F.relu(self.grouped(x)))


class GroupNormOnCat(ZooNetwork):
    """Two norm groups over two branches of equal width: index by index, and normalised."""

    expected = (channels(4, out("a", "b", "norm"), into("head"), normalised=True),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 3, padding=1)
        self.norm, self.head = nn.GroupNorm(2, 8), nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.norm(torch.cat([self.a(x), self.b(x)], 1))))


class DepthwiseOnCat(ZooNetwork):
    """A depthwise filter follows the channel of either branch through the concatenation."""

    expected = (
        channels(4, out("a", "depthwise"), into("head")),
        channels(6, out("b", "depthwise"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 6, 1)
        self.depthwise, self.head = nn.Conv2d(10, 10, 3, groups=10), nn.Conv2d(10, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(torch.cat([self.a(x), self.b(x)], 1))
        return self.head(F.relu(self.depthwise(x)))


class FlipInConcat(ZooNetwork):
    """Two branches concatenated, flipped, and split again: what was last comes first."""

    shape = (5,)
    expected = (channels(4, out("a"), into("right")), channels(6, out("b"), into("left")))
    refused = refuse("output", "left", "right")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(5, 4), nn.Linear(5, 6)
        self.left, self.right = nn.Linear(6, 3), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        both = torch.cat([self.a(x), self.b(x)], -1).flip(-1).relu()
        return self.left(both[:, :6]), self.right(both[:, 6:])


class SliceNegative(ZooNetwork):
    """Slices counted from the end, and one that is open on both sides."""

    expected = (
        channels(5, out("conv"), into("most", "all")),
        channels(3, out("conv"), into("last", "all")),
    )
    refused = refuse("output", "most", "last", "all")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.most = nn.Conv2d(3, 8, 3), nn.Conv2d(5, 2, 1)
        self.last, self.all = nn.Conv2d(3, 2, 1), nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        return self.most(x[:, :-3]) + self.last(x[:, -3:]) * self.all(x[:, :])


class SplitActivateJoin(ZooNetwork):
    """Three channels pass one activation, five another, and all meet again: alike to their
    reader, but a removal of eight could empty a piece, so each piece is a group that keeps one."""

    expected = (
        channels(3, out("conv"), into("head")),
        channels(5, out("conv"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.conv(x).split([3, 5], 1)
        return self.head(torch.cat([first.tanh(), second.relu()], 1))
