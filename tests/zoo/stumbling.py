"""What users' networks do that stopped a capture, a removal or a sweep before it was mended."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from tests.zoo.network import ZooNetwork, channels, heads, into, out, param, refuse


class ReluLinearAttention(ZooNetwork):
    """timm's LiteMLA in small: keys meet values first, inside a block without autocast."""

    expected = (
        channels(6, out("stem"), into("qkv")),
        heads(4, param("qkv.weight"), into("proj")),
        channels(5, param("proj.weight"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3)
        self.qkv, self.proj = nn.Conv2d(6, 24, 1, bias=False), nn.Conv2d(8, 5, 1, bias=False)
        self.head = nn.Conv2d(5, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        batch, _, height, width = x.shape
        qkv = self.qkv(x).reshape(batch, -1, 6, height * width).transpose(-1, -2)
        q, k, v = qkv.chunk(3, dim=-1)
        q, k, v = F.relu(q), F.relu(k), F.pad(v, (0, 1), value=1.0)
        with torch.autocast("cpu", enabled=False):
            y = q @ (k.transpose(-1, -2) @ v)
            y = y[..., :-1] / (y[..., -1:] + 0.1)
        return self.head(self.proj(y.transpose(-1, -2).reshape(batch, -1, height, width)))


class ListedChannels(ZooNetwork):
    """Four filters picked by a list of positions; nobody reads the other four."""

    expected = (
        channels(6, out("a"), into("b")),
        channels(4, out("b"), into("head")),
        channels(4, out("b")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 8, 3), nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.b(self.a(x).relu())[:, [0, 3, 5, 7]].mean((2, 3)))


class WeightNormChain(ZooNetwork):
    """A filter's length is a number of its own: fewer inputs must not change what is left."""

    shape = (3, 12)
    expected = (
        channels(
            6,
            param("a.bias", "a.parametrizations.weight.original0",
                  "a.parametrizations.weight.original1"),
            param("b.parametrizations.weight.original1", dim=1),
        ),
        channels(
            5,
            param("b.bias", "b.parametrizations.weight.original0",
                  "b.parametrizations.weight.original1"),
            into("head"),
        ),
    )  # fmt: skip
    refused = refuse("output", "head")
    zeroing = False

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = weight_norm(nn.Conv1d(3, 6, 3)), weight_norm(nn.Conv1d(6, 5, 3))
        self.head = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.leaky_relu(self.b(F.leaky_relu(self.a(x)))).mean(2))


class PooledGrid(ZooNetwork):
    """Keeps a grid for the shape that it saw last, batch included, as YOLO's detectors do."""

    expected = (channels(6, out("a"), into("b")),)
    refused = refuse("output", "b")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 4, 1)
        self.seen: torch.Size | None = None
        self.grid: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        y = self.b(self.a(x).relu())
        if self.seen != y.shape:
            self.grid, self.seen = torch.arange(y.shape[-1]), y.shape
        assert self.grid is not None
        return y + self.grid


class NumberInBuffer(ZooNetwork):
    """A number read out of a buffer, which decides which way the code goes."""

    shape = (5,)
    expected = (channels(8, out("fc1"), into("fc2")),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(8, 4)
        self.register_buffer("stride", torch.tensor([8.0, 16.0]))

    def forward(self, x: Tensor) -> Tensor:
        y = self.fc2(self.fc1(x).relu())
        return y * torch.full((4,), self.stride[0]) if self.stride.max() > 10 else y


class AssignedSlice(ZooNetwork):
    """Adds to a slice of a tensor in place: all but the first feature are one group."""

    shape = (5,)
    expected = (channels(7, out("fc1"), into("fc2")),)
    refused = refuse("single unit", "fc1") + refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.fc1(x).relu()
        y[:, 1:] += 0.1 * x[:, :1]
        return self.fc2(y)


class AssignedRow(ZooNetwork):
    """Writes into one place of a sequence: which one is written there stays."""

    shape = (4, 5)
    expected = (channels(8, out("fc1"), into("fc2")),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.fc1(x).relu()
        y[:, 0] = y[:, 1] * 2
        return self.fc2(y)


class Auxiliary(ZooNetwork):
    """Returns hidden states beside the logits, so the residual stream has to stay."""

    shape = (5,)
    expected = (channels(9, out("up"), into("down")),)
    refused = refuse("output", "enter", "down", "head")

    def __init__(self) -> None:
        super().__init__()
        self.enter, self.head = nn.Linear(5, 6), nn.Linear(6, 3)
        self.up, self.down = nn.Linear(6, 9), nn.Linear(9, 6)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        hidden = self.enter(x)
        hidden = hidden + self.down(F.gelu(self.up(hidden)))
        return {"logits": self.head(hidden), "hidden": hidden}
