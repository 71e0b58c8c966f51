"""What attention adds per head: position tables, masks, temperatures, norms, rotations."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, draw, heads, into, out, param, refuse


class RelativePositionTable(ZooNetwork):
    """Swin's table of position biases has one column for each head."""

    shape = (4, 6)
    expected = (heads(3, out("qkv"), param("table", dim=1), into("proj")),)
    refused = refuse("output", "proj")
    index: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(6, 36), nn.Linear(12, 7)
        self.table = nn.Parameter(torch.zeros(9, 3))
        grid = torch.stack(torch.meshgrid(torch.arange(2), torch.arange(2), indexing="ij"))
        steps = grid.flatten(1)[:, :, None] - grid.flatten(1)[:, None] + 1
        self.register_buffer("index", (steps[0] * 3 + steps[1]).flatten())

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, 3, 4).permute(2, 0, 3, 1, 4).unbind(0)
        bias = self.table[self.index].view(4, 4, 3).permute(2, 0, 1).contiguous()
        weights = (q * 0.5 @ k.transpose(-2, -1) + bias.unsqueeze(0)).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, n, 12))


class MaskedAttention(ZooNetwork):
    """A padding mask from the inputs and a bias per head, given to the fused attention."""

    expected = (heads(4, out("qkv"), param("slope"), into("proj")),)
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(6, 36), nn.Linear(12, 7)
        self.slope = nn.Parameter(torch.zeros(4, 1, 1))

    def example(self) -> dict[str, Tensor]:
        return {"x": draw(3, 5, 6), "keep": torch.arange(5)[None] < torch.tensor([[5], [3], [4]])}

    def forward(self, x: Tensor, keep: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, 4, 3).permute(2, 0, 3, 1, 4)
        place = torch.arange(n, device=x.device, dtype=x.dtype)
        bias = self.slope * (place[None] - place[:, None]).abs()
        bias = bias.masked_fill(~keep[:, None, None], float("-inf"))
        x = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return self.proj(x.transpose(1, 2).reshape(b, n, 12))


class HeadTemperature(ZooNetwork):
    """XCiT normalises q and k per head and scales by a temperature for each head."""

    shape = (5, 6)
    expected = (heads(3, out("qkv"), param("temperature"), into("proj")),)
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(6, 36), nn.Linear(12, 7)
        self.temperature = nn.Parameter(torch.ones(3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, 3, 4).permute(2, 0, 3, 4, 1).unbind(0)
        q, k = F.normalize(q, dim=-1), F.normalize(k, dim=-1)
        weights = (q @ k.transpose(-2, -1) * self.temperature).softmax(-1)
        return self.proj((weights @ v).permute(0, 3, 1, 2).reshape(b, n, 12))


class QkNorm(ZooNetwork):
    """Norms of q and k run within a head and are shared by all: no parameter of them leaves."""

    shape = (5, 6)
    expected = (heads(3, out("qkv"), into("proj")),)
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(6, 36), nn.Linear(12, 7)
        self.q_norm, self.k_norm = nn.LayerNorm(4), nn.RMSNorm(4)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, 3, 4).permute(2, 0, 3, 1, 4).unbind(0)
        x = F.scaled_dot_product_attention(self.q_norm(q), self.k_norm(k), v)
        return self.proj(x.transpose(1, 2).reshape(b, n, 12))


class RotaryAttention(ZooNetwork):
    """Rotary positions turn feature pairs within a head, so heads still leave one by one."""

    shape = (5, 6)
    expected = (heads(3, out("q", "k", "v", bias=False), into("proj")),)
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k = nn.Linear(6, 12, bias=False), nn.Linear(6, 12, bias=False)
        self.v, self.proj = nn.Linear(6, 12, bias=False), nn.Linear(12, 7)
        angle = torch.arange(5)[:, None] * torch.tensor([1.0, 0.1])
        self.register_buffer("cos", torch.cat([angle, angle], -1).cos())
        self.register_buffer("sin", torch.cat([angle, angle], -1).sin())

    def turn(self, x: Tensor) -> Tensor:
        half = torch.cat([-x[..., 2:], x[..., :2]], dim=-1)
        return x * self.cos + half * self.sin

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = (layer(x).view(b, n, 3, 4).transpose(1, 2) for layer in (self.q, self.k, self.v))
        x = F.scaled_dot_product_attention(self.turn(q), self.turn(k), v, is_causal=True)
        return self.proj(x.transpose(1, 2).reshape(b, n, 12))


class LinearAttention(ZooNetwork):
    """Kernel attention sums keys and values first; heads never mix."""

    shape = (5, 6)
    expected = (heads(3, out("qkv"), into("proj")),)
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(6, 36), nn.Linear(12, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, 3, 4).permute(2, 0, 3, 1, 4).unbind(0)
        q, k = F.elu(q) + 1, F.elu(k) + 1
        memory = k.transpose(-2, -1) @ v
        share = (q * k.sum(dim=2, keepdim=True)).sum(dim=-1, keepdim=True)
        return self.proj((q @ memory / share).transpose(1, 2).reshape(b, n, 12))


class TalkingHeads(ZooNetwork):
    """A linear map over heads has one input column for each: the heads before it have their own
    group (q and k), the heads after it another (v)."""

    shape = (5, 6)
    expected = (
        heads(3, out("q", "k"), into("talk")),
        heads(4, out("v"), out("talk"), into("proj")),
    )
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(6, 12), nn.Linear(6, 12), nn.Linear(6, 20)
        self.talk, self.proj = nn.Linear(3, 4), nn.Linear(20, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k = (layer(x).view(b, n, 3, 4).transpose(1, 2) for layer in (self.q, self.k))
        v = self.v(x).view(b, n, 4, 5).transpose(1, 2)
        scores = (q @ k.transpose(-2, -1)).permute(0, 2, 3, 1)
        weights = self.talk(scores).permute(0, 3, 1, 2).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, n, 20))


class QueryPooling(ZooNetwork):
    """A learned query asks the sequence; it is projected like the keys, and tied to them."""

    shape = (5, 6)
    expected = (
        channels(9, param("query", dim=2), into("q")),
        heads(3, out("q", "k", "v"), into("proj")),
    )
    refused = refuse("output", "proj")

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(1, 2, 9))
        self.q, self.k, self.v = nn.Linear(9, 12), nn.Linear(6, 12), nn.Linear(6, 12)
        self.proj = nn.Linear(12, 7)

    def forward(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q = self.q(self.query).view(1, 2, 3, 4).transpose(1, 2).expand(b, -1, -1, -1)
        k, v = (layer(x).view(b, n, 3, 4).transpose(1, 2) for layer in (self.k, self.v))
        x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).reshape(b, 2, 12))
