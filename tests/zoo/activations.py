"""What stands between the layers of a chain: activations, pooling, resizing, weight norms."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, into, out, param, refuse


class PreluPerChannel(ZooNetwork):
    """One slope per channel is a parameter of that channel."""

    expected = (channels(6, out("conv"), param("act.weight"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.act, self.head = nn.Conv2d(3, 6, 3), nn.PReLU(6), nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.act(self.conv(x)))


class PreluShared(ZooNetwork):
    """One slope for all channels belongs to none of them and stays."""

    expected = (channels(6, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.act, self.head = nn.Conv2d(3, 6, 3), nn.PReLU(), nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.act(self.conv(x)))


class Maxout(ZooNetwork):
    """The pieces of a maxout unit compete, so they leave together: two filters, one unit."""

    expected = (channels(5, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 10, 3), nn.Conv2d(5, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        x = x.view(x.size(0), 5, 2, x.size(2), x.size(3)).amax(2)
        return self.head(x)


class AdaptivePoolFlatten(ZooNetwork):
    """Adaptive pooling to 2 x 3 leaves six classifier inputs for each channel."""

    expected = (channels(7, out("conv"), into("fc")),)
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 7, 3), nn.Linear(7 * 6, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = F.adaptive_avg_pool2d(F.relu6(self.conv(x)), (2, 3))
        return self.fc(x.flatten(1))


class InterpolateBetween(ZooNetwork):
    """Resizing moves pixels, never channels."""

    expected = (
        channels(5, out("conv1"), into("conv2")),
        channels(6, out("conv2"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 5, 3, stride=2), nn.Conv2d(5, 6, 3)
        self.head = nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.interpolate(F.relu(self.conv1(x)), scale_factor=2.0, mode="nearest")
        x = F.interpolate(self.conv2(x), size=(7, 7), mode="bilinear", align_corners=False)
        return self.head(torch.relu(x))


class DropoutBetween(ZooNetwork):
    """Dropout in evaluation mode passes everything through."""

    expected = (
        channels(6, out("conv"), into("fc1")),
        channels(9, out("fc1"), into("fc2")),
    )
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.drop2d = nn.Conv2d(3, 6, 5), nn.Dropout2d(0.3)
        self.fc1, self.drop, self.fc2 = nn.Linear(6 * 16, 9), nn.Dropout(0.5), nn.Linear(9, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop2d(torch.relu(self.conv(x))).flatten(1)
        return self.fc2(self.drop(torch.relu(self.fc1(x))))


class InPlaceActivations(ZooNetwork):
    """In-place operators couple as their out-of-place twins do."""

    expected = (
        channels(6, out("conv1"), into("conv2")),
        channels(7, out("conv2", "conv3"), into("head"), into("conv3")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 7, 3, padding=1)
        self.conv3, self.head = nn.Conv2d(7, 7, 3, padding=1), nn.Conv2d(7, 2, 1)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.conv1(x))
        x = self.conv2(x).mul_(0.5).clamp_(min=-1.0)
        y = self.conv3(x)
        y += x
        return self.head(self.act(y))


class ManyActivations(ZooNetwork):
    """Elementwise functions of one tensor carry its indices, whatever their value at zero."""

    shape = (6,)
    expected = (channels(9, out("fc1"), into("fc2")),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(6, 9), nn.Linear(9, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc1(x)
        x = F.softplus(x) + F.mish(x) * F.hardsigmoid(x) - F.selu(x).cos()
        x = torch.exp(-x.abs()) + F.hardtanh(x) + x.pow(2).add(1.0).sqrt().log()
        x = torch.where(x > 0, x, 0.1 * x).clamp(-2.0, 2.0)
        return self.fc2(F.softsign(x) / 2 + F.logsigmoid(x) + torch.erf(x))


class WeightNorm(ZooNetwork):
    """Weight norm keeps length and direction apart, both with one row for each output."""

    shape = (5,)
    expected = (
        channels(
            8,
            param(
                "fc1.bias",
                "fc1.parametrizations.weight.original0",
                "fc1.parametrizations.weight.original1",
            ),
            into("fc2"),
        ),
    )
    refused = refuse("output", "fc2")
    zeroing = False

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.utils.parametrizations.weight_norm(nn.Linear(5, 8))
        self.fc2 = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.relu(self.fc1(x)))


class StandardisedConv(ZooNetwork):
    """Weight standardisation works within one filter, so filters of one layer stay independent,
    but the next filters' statistics run over their inputs: that removal is a norm's.
    """

    expected = (channels(6, out("conv1"), param("conv2.weight", dim=1), normalised=True),
                channels(7, out("conv2"), into("head")))  # fmt: skip
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 7, 3)
        self.head = nn.Conv2d(7, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv1(x))
        weight = self.conv2.weight
        mean = weight.mean((1, 2, 3), keepdim=True)
        spread = (weight - mean).pow(2).mean((1, 2, 3), keepdim=True)
        weight = (weight - mean) / (spread + 1e-5).sqrt()
        return self.head(F.relu(F.conv2d(x, weight, self.conv2.bias)))


class StandardisedByBatchNorm(ZooNetwork):
    """The same by a batch norm that is always training, one channel for each filter, as NFNets
    do it: the statistics run over each filter's inputs."""

    expected = (channels(6, out("conv1"), param("conv2.weight", dim=1), normalised=True),
                channels(7, out("conv2"), param("gain"), into("head")))  # fmt: skip
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 7, 3)
        self.gain = nn.Parameter(torch.ones(7, 1, 1, 1))
        self.head = nn.Conv2d(7, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv1(x))
        weight = self.conv2.weight
        flat = F.batch_norm(weight.reshape(1, 7, -1), None, None, weight=(self.gain * 0.5).view(-1),
                            training=True, momentum=0.0, eps=1e-5)  # fmt: skip
        return self.head(F.relu(F.conv2d(x, flat.reshape_as(weight), self.conv2.bias)))
