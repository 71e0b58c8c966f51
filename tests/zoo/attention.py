"""Attention: a unit is one head, whichever way its projections are written."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, heads, into, out, refuse


class PackedAttention(ZooNetwork):
    """ViT's packed projection: a head owns its rows in q, k and v, and its output columns."""

    shape = (5, 6)
    expected = (heads(3, out("qkv"), into("proj")),)
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(6, 36), nn.Linear(12, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, 3, 4).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) * 4**-0.5
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, 12))


class PackedAttentionUnbind(ZooNetwork):
    """The same through unbind and scaled_dot_product_attention, without a bias."""

    shape = (5, 6)
    expected = (heads(4, out("qkv", bias=False), into("proj")),)
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(6, 36, bias=False), nn.Linear(12, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, 4, 3).permute(2, 0, 3, 1, 4).unbind(0)
        x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).flatten(2))


class PackedAttentionChunk(ZooNetwork):
    """nanoGPT's packed projection: thirds first, heads inside each third, a causal mask."""

    shape = (5, 6)
    expected = (heads(4, out("qkv"), into("proj")),)
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(6, 36), nn.Linear(12, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = (each.view(b, n, 4, 3).transpose(1, 2) for each in self.qkv(x).split(12, dim=2))
        x = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(x.transpose(1, 2).contiguous().view(b, n, 12))


class PackedPerHead(ZooNetwork):
    """GPT-NeoX packs head by head: q, k and v of one head are neighbours."""

    shape = (5, 6)
    expected = (heads(3, out("qkv"), into("proj")),)
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(6, 36), nn.Linear(12, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, 12).transpose(1, 2).chunk(3, dim=-1)
        weights = torch.softmax(q @ k.mT / 2.0, dim=-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, n, -1))


class SeparateProjections(ZooNetwork):
    """Three projections, one head in each: they leave together with the output's columns."""

    shape = (5, 6)
    expected = (heads(3, out("q", "k", "v"), into("proj")),)
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(6, 12), nn.Linear(6, 12), nn.Linear(6, 12)
        self.proj = nn.Linear(12, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = (layer(x).view(b, n, 3, 4).transpose(1, 2) for layer in (self.q, self.k, self.v))
        weights = torch.softmax(torch.matmul(q, k.transpose(2, 3)) / math.sqrt(4), dim=-1)
        return self.proj(torch.matmul(weights, v).transpose(1, 2).reshape(b, n, 12))


class AttentionWiderValues(ZooNetwork):
    """Values may be wider than keys: a head is 2 rows of q and k, and 5 rows of v."""

    shape = (5, 6)
    expected = (heads(3, out("q", "k", "v"), into("proj")),)
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 15)
        self.proj = nn.Linear(15, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k = (layer(x).view(b, n, 3, 2).transpose(1, 2) for layer in (self.q, self.k))
        v = self.v(x).view(b, n, 3, 5).transpose(1, 2)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class FoldedHeads(ZooNetwork):
    """fairseq folds heads into the batch (bmm over batch times heads); a head is still one."""

    shape = (5, 6)
    expected = (heads(3, out("q", "k", "v"), into("proj")),)
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(6, 12), nn.Linear(6, 12), nn.Linear(6, 12)
        self.proj = nn.Linear(12, 7)

    def fold(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        return x.view(b, n, 3, 4).transpose(1, 2).reshape(b * 3, n, 4)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = self.fold(self.q(x)), self.fold(self.k(x)), self.fold(self.v(x))
        weights = torch.bmm(q * 0.5, k.transpose(1, 2)).softmax(-1)
        x = torch.bmm(weights, v).view(b, 3, n, 4).transpose(1, 2)
        return self.proj(x.reshape(b, n, 12))


class EinsumAttention(ZooNetwork):
    """Attention in einsum notation: the letter h is the head."""

    shape = (5, 6)
    expected = (heads(3, out("q", "k", "v"), into("proj")),)
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(6, 12), nn.Linear(6, 12), nn.Linear(6, 12)
        self.proj = nn.Linear(12, 7)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (layer(x).unflatten(-1, (3, 4)) for layer in (self.q, self.k, self.v))
        weights = torch.einsum("bihd,bjhd->bhij", q, k).softmax(-1)
        return self.proj(torch.einsum("bhij,bjhd->bihd", weights, v).flatten(2))
