"""Attention: a unit is one head, whichever way its projections are written."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, draw, heads, into, out, param, refuse


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


class TorchAttention(ZooNetwork):
    """nn.MultiheadAttention packs thirds, heads inside each third."""

    shape = (5, 12)
    expected = (heads(3, param("mha.in_proj_weight", "mha.in_proj_bias"), into("mha.out_proj")),)
    refused = refuse("output", "mha.out_proj")

    def __init__(self) -> None:
        super().__init__()
        self.mha = nn.MultiheadAttention(12, 3, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.mha(x, x, x, need_weights=False)[0]
        return result


class TorchAttentionWeights(ZooNetwork):
    """Asked for its averaged weights, the module multiplies explicitly; the average is over
    heads, so returning it keeps every head, but here only the outputs are read."""

    shape = (5, 12)
    expected = (
        channels(12, out("stem", "norm"), param("mha.in_proj_weight", dim=1), normalised=True),
        heads(4, param("mha.in_proj_weight", "mha.in_proj_bias"), into("mha.out_proj")),
        channels(12, out("mha.out_proj"), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Linear(12, 12), nn.LayerNorm(12)
        self.mha, self.fc = nn.MultiheadAttention(12, 4, batch_first=True), nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.stem(x))
        x, _ = self.mha(x, x, x, need_weights=True)
        return self.fc(x)


class TorchCrossAttention(ZooNetwork):
    """Keys and values of another width: the module then keeps three separate projections."""

    expected = (
        channels(9, out("memory"), into("fold_k", "fold_v")),
        channels(5, out("fold_k"), param("mha.k_proj_weight", dim=1)),
        channels(6, out("fold_v"), param("mha.v_proj_weight", dim=1)),
        heads(
            4,
            param("mha.q_proj_weight", "mha.k_proj_weight", "mha.v_proj_weight"),
            param("mha.in_proj_bias"),
            into("mha.out_proj"),
        ),
        channels(12, out("mha.out_proj"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.memory, self.head = nn.Linear(4, 9), nn.Linear(12, 3)
        self.fold_k, self.fold_v = nn.Linear(9, 5), nn.Linear(9, 6)
        self.mha = nn.MultiheadAttention(12, 4, kdim=5, vdim=6, batch_first=True)

    def example(self) -> tuple[Tensor, Tensor]:
        return draw(3, 4, 12), draw(3, 7, 4, seed=2)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        memory = F.gelu(self.memory(memory))
        x, _ = self.mha(x, self.fold_k(memory), self.fold_v(memory), need_weights=False)
        return self.head(x)


class TorchAttentionSequenceFirst(ZooNetwork):
    """The module's default layout, fed by a transpose."""

    shape = (5, 12)
    expected = (
        heads(3, param("mha.in_proj_weight", "mha.in_proj_bias"), into("mha.out_proj")),
        channels(12, out("mha.out_proj"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.mha, self.head = nn.MultiheadAttention(12, 3), nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(0, 1)
        x, _ = self.mha(x, x, x, need_weights=False)
        return self.head(x.transpose(0, 1).mean(1))


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
    """The same grouping through repeat_interleave and an explicit softmax."""

    shape = (5, 6)
    expected = (heads(2, out("q", "k", "v"), into("proj")),)
    refused = refuse("output", "proj")

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
