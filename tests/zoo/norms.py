"""Norms: over the pruned dimension (marked), per channel, per group, frozen, and by hand."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, into, out, param, refuse


class LayerNormMlp(ZooNetwork):
    """The mean and variance run over the features, so a removal changes them: normalised."""

    shape = (5,)
    expected = (channels(8, out("fc1", "norm"), into("fc2"), normalised=True),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.norm, self.fc2 = nn.Linear(5, 8), nn.LayerNorm(8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.norm(self.fc1(x))))


class LayerNormPlain(ZooNetwork):
    """Without affine parameters the norm has no members, but it still normalises the group."""

    shape = (5,)
    expected = (channels(8, out("fc1"), into("fc2"), normalised=True),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.layer_norm(torch.relu(self.fc1(x)), (8,)))


class LayerNormOverMap(ZooNetwork):
    """A norm over (C, H, W) has a block of 36 scales for every channel."""

    expected = (
        channels(5, out("conv"), param("norm.weight", "norm.bias"), into("head"), normalised=True),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 5, 3), nn.LayerNorm([5, 6, 6])
        self.head = nn.Conv2d(5, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.norm(self.conv(x))))


class LayerNormOverSpace(ZooNetwork):
    """A norm over (H, W) only sees each channel by itself: nothing of it belongs to a channel."""

    expected = (channels(5, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 5, 3), nn.LayerNorm([6, 6])
        self.head = nn.Conv2d(5, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.norm(self.conv(x))))


class RmsNormMlp(ZooNetwork):
    """The mean square runs over the features: normalised."""

    shape = (5,)
    expected = (
        channels(8, out("fc1", bias=False), param("norm.weight"), into("fc2"), normalised=True),
    )
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.norm = nn.Linear(5, 8, bias=False), nn.RMSNorm(8)
        self.fc2 = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.silu(self.norm(self.fc1(x))))


class GroupNormConv(ZooNetwork):
    """Three norm groups stay three: a unit is one channel of each, and statistics change."""

    expected = (channels(4, out("conv", "norm"), into("head"), normalised=True),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 12, 3), nn.GroupNorm(3, 12)
        self.head = nn.Conv2d(12, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.norm(self.conv(x))))


class GroupNormSingle(ZooNetwork):
    """One norm group (PoolFormer's norm): every channel is a unit, all share the statistics."""

    expected = (channels(6, out("conv", "norm"), into("head"), normalised=True),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 6, 3), nn.GroupNorm(1, 6)
        self.head = nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.norm(self.conv(x))))


class InstanceNormAffine(ZooNetwork):
    """Each channel is normalised over its own pixels; its scale and shift leave with it."""

    expected = (channels(6, out("conv", "norm"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 6, 3), nn.InstanceNorm2d(6, affine=True)
        self.head = nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.norm(self.conv(x))))


class InstanceNormPlain(ZooNetwork):
    """Without parameters there is nothing to remove from the norm."""

    shape = (3, 10)
    expected = (channels(6, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv1d(3, 6, 3), nn.InstanceNorm1d(6)
        self.head = nn.Conv1d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.norm(self.conv(x))))


class BatchNorm1dMlp(ZooNetwork):
    """Batch norm on features, before and after the activation."""

    shape = (5,)
    expected = (channels(8, out("fc1", "bn1", "bn2"), into("fc2")),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(8, 3)
        self.bn1, self.bn2 = nn.BatchNorm1d(8), nn.BatchNorm1d(8)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.bn2(F.relu(self.bn1(self.fc1(x)))))


class BatchNormPlain(ZooNetwork):
    """Without affine parameters only the running statistics (buffers) belong to the group."""

    expected = (channels(6, out("conv", bias=False), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 6, 3, bias=False), nn.BatchNorm2d(6, affine=False)
        self.head = nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.bn(self.conv(x))))


class FrozenBatchNorm(nn.Module):
    """Batch norm whose four vectors are buffers, as in detection backbones."""

    weight: Tensor
    bias: Tensor
    mean: Tensor
    var: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.linspace(0.5, 1.5, width))
        self.register_buffer("bias", torch.linspace(-0.6, 0.7, width))
        self.register_buffer("mean", torch.linspace(0.3, -0.4, width))
        self.register_buffer("var", torch.linspace(0.6, 1.9, width))

    def forward(self, x: Tensor) -> Tensor:
        scale = self.weight.reshape(1, -1, 1, 1) * (self.var.reshape(1, -1, 1, 1) + 1e-5).rsqrt()
        return x * scale + (self.bias.reshape(1, -1, 1, 1) - self.mean.reshape(1, -1, 1, 1) * scale)


class FrozenBatchNormChain(ZooNetwork):
    """Buffers that multiply the channels are sliced with them, though nobody trains them."""

    expected = (channels(6, out("conv", bias=False), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 6, 3, bias=False), FrozenBatchNorm(6)
        self.head = nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.bn(self.conv(x))))
