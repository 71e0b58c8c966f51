"""Residual streams: what is added must be removed together."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, into, out, refuse


class ResidualBlock(ZooNetwork):
    """The addition ties the stem to the block's last convolution; the inner width is free."""

    expected = (
        channels(8, out("stem", "conv2", "bn2"), into("conv1", "fc")),
        channels(6, out("conv1", "bn1"), into("conv2")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.conv1, self.bn1 = nn.Conv2d(8, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.conv2, self.bn2 = nn.Conv2d(6, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return self.fc(F.relu(x + y).mean((2, 3)))


class ResidualStream(ZooNetwork):
    """Three blocks on one stream are one group, however long the chain."""

    shape = (5,)
    expected = (
        channels(9, out("stem", "up.0", "up.1", "up.2"), into("down.0", "down.1", "down.2", "fc")),
        channels(6, out("down.0"), into("up.0")),
        channels(7, out("down.1"), into("up.1")),
        channels(8, out("down.2"), into("up.2")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.fc = nn.Linear(5, 9), nn.Linear(9, 4)
        self.down = nn.ModuleList([nn.Linear(9, 6), nn.Linear(9, 7), nn.Linear(9, 8)])
        self.up = nn.ModuleList([nn.Linear(6, 9), nn.Linear(7, 9), nn.Linear(8, 9)])

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for down, up in zip(self.down, self.up, strict=True):
            x = x + up(F.relu(down(x)))
        return self.fc(x)


class ResidualDownsample(ZooNetwork):
    """A projection on the shortcut ties itself to the block's end, not to the stem."""

    expected = (
        channels(6, out("stem"), into("conv1", "shortcut")),
        channels(5, out("conv1"), into("conv2")),
        channels(8, out("conv2", "shortcut", "bn"), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.conv1, self.conv2 = nn.Conv2d(6, 5, 3, 2, padding=1), nn.Conv2d(5, 8, 3, padding=1)
        self.shortcut, self.bn = nn.Conv2d(6, 8, 1, stride=2), nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x))
        y = self.conv2(F.relu(self.conv1(x)))
        return self.fc((y + self.bn(self.shortcut(x))).relu().mean((2, 3)))


class ResidualPreActivation(ZooNetwork):
    """Norms before the convolutions see the stream, so they belong to its group."""

    expected = (
        channels(7, out("stem", "conv2", "bn1", "bn"), into("conv1", "fc")),
        channels(5, out("conv1", "bn2"), into("conv2")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 7, 3)
        self.bn1, self.conv1 = nn.BatchNorm2d(7), nn.Conv2d(7, 5, 3, padding=1)
        self.bn2, self.conv2 = nn.BatchNorm2d(5), nn.Conv2d(5, 7, 3, padding=1)
        self.bn, self.fc = nn.BatchNorm2d(7), nn.Linear(7, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = x + self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))
        return self.fc(F.relu(self.bn(x)).mean((2, 3)))


class ResidualPadded(ZooNetwork):
    """Option A pads the shortcut with two zero channels at each side: channels 2 to 5 of
    the second convolution are tied to the stem, the outer four are free.
    """

    expected = (
        channels(4, out("stem", "conv2"), into("conv1", "fc")),
        channels(5, out("conv1"), into("conv2")),
        channels(4, out("conv2"), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.conv1 = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 5, 3, 2, padding=1)
        self.conv2, self.fc = nn.Conv2d(5, 8, 3, padding=1), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x))
        shortcut = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2))
        return self.fc((shortcut + self.conv2(F.relu(self.conv1(x)))).relu().mean((2, 3)))


class ResidualZeroConcat(ZooNetwork):
    """The shortcut is widened by zeros shaped like its own first three channels: these leave
    with the channels that they are shaped like. Without all three no zeros would be left, so the
    three and the other two are groups of their own."""

    expected = (
        channels(3, out("stem", "conv"), into("conv", "fc")),
        channels(2, out("stem", "conv"), into("conv", "fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.conv = nn.Conv2d(3, 5, 3), nn.Conv2d(5, 8, 3, padding=1)
        self.fc = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        padding = torch.zeros_like(x[:, :3])
        return self.fc((self.conv(x) + torch.cat([x, padding], 1)).relu().mean((2, 3)))


class ResidualNewZeros(ZooNetwork):
    """The shortcut is widened by three constant zeros: the last three channels are free."""

    expected = (
        channels(5, out("stem", "conv"), into("conv", "fc")),
        channels(3, out("conv"), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.conv = nn.Conv2d(3, 5, 3), nn.Conv2d(5, 8, 3, padding=1)
        self.fc = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        padding = x.new_zeros(x.size(0), 3, x.size(2), x.size(3))
        return self.fc((self.conv(x) + torch.cat([x, padding], 1)).relu().mean((2, 3)))


class ResidualPartial(ZooNetwork):
    """The block updates the first four of ten channels: those are tied, the other six are not."""

    expected = (
        channels(4, out("stem", "conv"), into("conv", "fc")),
        channels(6, out("stem"), into("conv", "fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.conv = nn.Conv2d(3, 10, 3), nn.Conv2d(10, 4, 3, padding=1)
        self.fc = nn.Linear(10, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = torch.cat([x[:, :4] + self.conv(F.relu(x)), x[:, 4:]], 1)
        return self.fc(x.relu().mean((2, 3)))


class ResidualFrozenStem(ZooNetwork):
    """A layer whose parameters do not require gradients is coupled like any other."""

    expected = (
        channels(6, out("stem", "bn", "conv2"), into("conv1", "fc")),
        channels(5, out("conv1"), into("conv2")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.bn = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6)
        self.conv1, self.conv2 = nn.Conv2d(6, 5, 1), nn.Conv2d(5, 6, 1)
        self.fc = nn.Linear(6, 4)
        for value in (*self.stem.parameters(), *self.bn.parameters()):
            value.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.stem(x))
        return self.fc((x + self.conv2(F.relu(self.conv1(x)))).mean((2, 3)))


class ResidualToInput(ZooNetwork):
    """What is added to the network's input has the input's width, which is not ours to change."""

    shape = (6,)
    expected = (channels(9, out("fc1"), into("fc2")),)
    refused = refuse("input", "fc2") + refuse("output", "fc3")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(6, 9), nn.Linear(9, 6), nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc3(x + self.fc2(F.relu(self.fc1(x))))


class ResidualToOutput(ZooNetwork):
    """A stream that is returned as it is cannot lose channels anywhere."""

    shape = (4,)
    expected = (channels(9, out("fc1"), into("fc2")),)
    refused = refuse("output", "stem", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.fc1, self.fc2 = nn.Linear(4, 6), nn.Linear(6, 9), nn.Linear(9, 6)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return x + self.fc2(F.relu(self.fc1(x)))
