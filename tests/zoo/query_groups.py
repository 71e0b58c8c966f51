"""Fewer keys and values than queries, and attention without heads."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, heads, into, out, refuse


class GroupedQuery(ZooNetwork):
    """Two query heads read one key-value head: they are one unit."""

    shape = (5, 6)
    expected = (heads(3, out("q", "k", "v", bias=False), into("proj")),)
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.q = nn.Linear(6, 24, bias=False)
        self.k, self.v = nn.Linear(6, 12, bias=False), nn.Linear(6, 12, bias=False)
        self.proj = nn.Linear(24, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q = self.q(x).view(b, n, 6, 4).transpose(1, 2)
        k, v = (layer(x).view(b, n, 3, 4).transpose(1, 2) for layer in (self.k, self.v))
        k, v = (each[:, :, None].expand(b, 3, 2, n, 4).reshape(b, 6, n, 4) for each in (k, v))
        x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).reshape(b, n, 24))


class GroupedQueryInterleave(ZooNetwork):
    """Three query heads on each of two key-value heads, through repeat_interleave and an explicit
    softmax: a unit is a query head of each, as there are more of them."""

    shape = (5, 6)
    expected = (heads(3, out("q"), into("proj")),)
    refused = refuse("repeated", "k", "v") + refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(6, 18), nn.Linear(6, 6), nn.Linear(6, 6)
        self.proj = nn.Linear(18, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q = self.q(x).view(b, n, 6, 3).transpose(1, 2)
        k = self.k(x).view(b, n, 2, 3).transpose(1, 2).repeat_interleave(3, dim=1)
        v = self.v(x).view(b, n, 2, 3).transpose(1, 2).repeat_interleave(3, dim=1)
        weights = (q @ k.transpose(-1, -2) / 3**0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, n, 18))


class ManyQueriesFewKeys(ZooNetwork):
    """Fourteen query heads on two key-value heads, expanded as in Llama and Qwen2: a unit is one
    query head of each key-value head."""

    shape = (5, 6)
    expected = (heads(7, out("q"), into("proj")),)
    refused = refuse("", "k", "v") + refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(6, 28), nn.Linear(6, 4), nn.Linear(6, 4)
        self.proj = nn.Linear(28, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q = self.q(x).view(b, n, 14, 2).transpose(1, 2)
        k, v = (layer(x).view(b, n, 2, 2).transpose(1, 2) for layer in (self.k, self.v))
        k, v = (t[:, :, None].expand(b, 2, 7, n, 2).reshape(b, 14, n, 2) for t in (k, v))
        x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).reshape(b, n, 28))


class FewKeysNative(ZooNetwork):
    """The same inside scaled_dot_product_attention: three query heads on each of two."""

    shape = (5, 6)
    expected = (heads(3, out("q"), into("proj")),)
    refused = refuse("repeated", "k", "v") + refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(6, 18), nn.Linear(6, 6), nn.Linear(6, 6)
        self.proj = nn.Linear(18, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q = self.q(x).view(b, n, 6, 3).transpose(1, 2)
        k, v = (layer(x).view(b, n, 2, 3).transpose(1, 2) for layer in (self.k, self.v))
        x = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
        return self.proj(x.transpose(1, 2).reshape(b, n, 18))


class GroupedQueryNative(ZooNetwork):
    """The grouping inside scaled_dot_product_attention (enable_gqa)."""

    shape = (5, 6)
    expected = (heads(2, out("q", "k", "v"), into("proj")),)
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(6, 12), nn.Linear(6, 6), nn.Linear(6, 6)
        self.proj = nn.Linear(12, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q = self.q(x).view(b, n, 4, 3).transpose(1, 2)
        k, v = (layer(x).view(b, n, 2, 3).transpose(1, 2) for layer in (self.k, self.v))
        x = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
        return self.proj(x.transpose(1, 2).reshape(b, n, 12))


class MultiQuery(ZooNetwork):
    """All query heads share one key and value: a unit is a query head alone; the shared pair
    is as wide as a head, which stays."""

    shape = (5, 6)
    expected = (heads(3, out("q"), into("proj")),)
    refused = refuse("", "k", "v") + refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(6, 12), nn.Linear(6, 4), nn.Linear(6, 4)
        self.proj = nn.Linear(12, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q = self.q(x).view(b, n, 3, 4).transpose(1, 2)
        k, v = self.k(x).unsqueeze(1), self.v(x).unsqueeze(1)
        weights = (q @ k.transpose(-1, -2) * 0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, n, 12))


class SingleHead(ZooNetwork):
    """Without heads, q and k meet in a dot product feature by feature; v's features go on."""

    shape = (5, 6)
    expected = (channels(8, out("q", "k")), channels(9, out("v"), into("proj")))
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(6, 8), nn.Linear(6, 8), nn.Linear(6, 9)
        self.proj = nn.Linear(9, 4)

    def forward(self, x: Tensor) -> Tensor:
        weights = (self.q(x) @ self.k(x).transpose(1, 2) * 8**-0.5).softmax(-1)
        return self.proj(weights @ self.v(x))


class NonLocal(ZooNetwork):
    """The non-local block: single-head attention over pixels, made of 1 x 1 convolutions."""

    expected = (
        channels(7, out("stem", "back"), into("theta", "phi", "g", "head")),
        channels(5, out("theta", "phi")),
        channels(6, out("g"), into("back")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.theta = nn.Conv2d(3, 7, 3, 2), nn.Conv2d(7, 5, 1)
        self.phi, self.g, self.back = nn.Conv2d(7, 5, 1), nn.Conv2d(7, 6, 1), nn.Conv2d(6, 7, 1)
        self.head = nn.Conv2d(7, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        theta = self.theta(x).flatten(2).transpose(1, 2)
        weights = torch.softmax(theta @ self.phi(x).flatten(2), dim=-1)
        y = (weights @ self.g(x).flatten(2).transpose(1, 2)).transpose(1, 2)
        return self.head(x + self.back(y.reshape(x.size(0), -1, x.size(2), x.size(3))))
