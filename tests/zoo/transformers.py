"""Transformers and mixers: streams through norms, heads, feed-forwards and token mixing."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, heads, into, out, param, refuse, tokens


class TinyVit(ZooNetwork):
    """Patch convolution, class token and positions: the stream runs through all of them."""

    expected = (
        channels(
            10,
            out("patch", "norm1", "norm2", "norm", "proj", "fc2"),
            param("cls", "pos", dim=2),
            into("qkv", "fc1", "head"),
            normalised=True,
        ),
        heads(3, out("qkv"), into("proj")),
        channels(8, out("fc1"), into("fc2")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 10, 4, 4)
        self.cls, self.pos = (nn.Parameter(torch.zeros(1, n, 10)) for n in (1, 5))
        self.norm1, self.norm2, self.norm = nn.LayerNorm(10), nn.LayerNorm(10), nn.LayerNorm(10)
        self.qkv, self.proj = nn.Linear(10, 36), nn.Linear(12, 10)
        self.fc1, self.fc2, self.head = nn.Linear(10, 8), nn.Linear(8, 10), nn.Linear(10, 4)

    def attend(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, 3, 4).permute(2, 0, 3, 1, 4).unbind(0)
        x = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, 12)
        result: Tensor = self.proj(x)
        return result

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.size(0), -1, -1), x], dim=1) + self.pos
        x = x + self.attend(self.norm1(x))
        x = x + self.fc2(F.gelu(self.fc1(self.norm2(x))))
        return self.head(self.norm(x)[:, 0])


class TinyGpt(ZooNetwork):
    """Tied embeddings, learned positions, causal attention: the stream ends in the table."""

    expected = (
        channels(
            8,
            param("wte.weight", "wpe.weight", dim=1),
            out("norm1", "norm2", "norm", "proj", "fc2"),
            into("qkv", "fc1"),
            normalised=True,
        ),
        heads(2, out("qkv"), into("proj")),
        channels(11, out("fc1"), into("fc2")),
    )
    refused = refuse("looked up", "wte")

    def __init__(self) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(13, 8), nn.Embedding(6, 8)
        self.norm1, self.norm2, self.norm = nn.LayerNorm(8), nn.LayerNorm(8), nn.LayerNorm(8)
        self.qkv, self.proj = nn.Linear(8, 18), nn.Linear(6, 8)
        self.fc1, self.fc2 = nn.Linear(8, 11), nn.Linear(11, 8)

    def example(self) -> Tensor:
        return tokens(13, 3, 5)

    def forward(self, ids: Tensor) -> Tensor:
        b, n = ids.shape
        x = self.wte(ids) + self.wpe(torch.arange(n, device=ids.device))
        q, k, v = self.qkv(self.norm1(x)).split(6, dim=-1)
        q, k, v = (each.view(b, n, 2, 3).transpose(1, 2) for each in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(b, n, 6))
        x = x + self.fc2(F.gelu(self.fc1(self.norm2(x))))
        return F.linear(self.norm(x), self.wte.weight)


class TinyLlama(ZooNetwork):
    """RMS norms by hand, rotary positions, grouped-query attention and SwiGLU in one block."""

    expected = (
        channels(
            10,
            param("embed.weight", dim=1),
            param("gain1", "gain2", "gain"),
            out("o", "down", bias=False),
            into("q", "k", "v", "gate", "up", "head"),
            normalised=True,
        ),
        heads(2, out("q", "k", "v", bias=False), into("o")),
        channels(7, out("gate", "up", bias=False), into("down")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 10)
        self.gain1, self.gain2, self.gain = (nn.Parameter(torch.ones(10)) for _ in range(3))
        self.q, self.k = nn.Linear(10, 16, bias=False), nn.Linear(10, 8, bias=False)
        self.v, self.o = nn.Linear(10, 8, bias=False), nn.Linear(16, 10, bias=False)
        self.gate, self.up = nn.Linear(10, 7, bias=False), nn.Linear(10, 7, bias=False)
        self.down, self.head = nn.Linear(7, 10, bias=False), nn.Linear(10, 5, bias=False)
        angle = torch.arange(6)[:, None] * torch.tensor([1.0, 0.1])
        self.register_buffer("cos", torch.cat([angle, angle], -1).cos())
        self.register_buffer("sin", torch.cat([angle, angle], -1).sin())

    def example(self) -> Tensor:
        return tokens(11, 3, 6)

    def norm(self, x: Tensor, gain: Tensor) -> Tensor:
        return gain * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))

    def turn(self, x: Tensor) -> Tensor:
        return x * self.cos + torch.cat([-x[..., 2:], x[..., :2]], -1) * self.sin

    def forward(self, ids: Tensor) -> Tensor:
        b, n = ids.shape
        x = self.embed(ids)
        y = self.norm(x, self.gain1)
        q, k, v = (layer(y).view(b, n, -1, 4).transpose(1, 2) for layer in (self.q, self.k, self.v))
        k, v = (
            each[:, :, None].expand(b, 2, 2, n, 4).reshape(b, 4, n, 4) for each in (self.turn(k), v)
        )
        y = F.scaled_dot_product_attention(self.turn(q), k, v, is_causal=True)
        x = x + self.o(y.transpose(1, 2).reshape(b, n, 16))
        y = self.norm(x, self.gain2)
        x = x + self.down(F.silu(self.gate(y)) * self.up(y))
        return self.head(self.norm(x, self.gain))


class TinyBert(ZooNetwork):
    """Three tables are summed and normalised; a dict comes in, and the pooled token goes out."""

    expected = (
        channels(
            9,
            param("word.weight", "place.weight", "kind.weight", dim=1),
            out("norm0", "norm1", "norm2", "o", "fc2"),
            into("q", "k", "v", "fc1", "pooler"),
            normalised=True,
        ),
        heads(2, out("q", "k", "v"), into("o")),
        channels(7, out("fc1"), into("fc2")),
        channels(8, out("pooler"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.word, self.place, self.kind = (nn.Embedding(n, 9) for n in (12, 6, 2))
        self.norm0, self.norm1, self.norm2 = nn.LayerNorm(9), nn.LayerNorm(9), nn.LayerNorm(9)
        self.q, self.k, self.v = nn.Linear(9, 10), nn.Linear(9, 10), nn.Linear(9, 10)
        self.o, self.fc1, self.fc2 = nn.Linear(10, 9), nn.Linear(9, 7), nn.Linear(7, 9)
        self.pooler, self.head = nn.Linear(9, 8), nn.Linear(8, 3)

    def example(self) -> dict[str, Tensor]:
        mask = (torch.arange(5)[None] < torch.tensor([[5], [3], [4]])).float()
        return {"ids": tokens(12, 3, 5), "kinds": tokens(2, 3, 5, seed=1), "mask": mask}

    def forward(self, ids: Tensor, kinds: Tensor, mask: Tensor) -> Tensor:
        b, n = ids.shape
        place = self.place(torch.arange(n, device=ids.device)[None])
        x = self.norm0(self.word(ids) + place + self.kind(kinds))
        q, k, v = (layer(x).view(b, n, 2, 5).transpose(1, 2) for layer in (self.q, self.k, self.v))
        scores = q @ k.transpose(-1, -2) / 5**0.5 + (1 - mask)[:, None, None] * -1e4
        y = (scores.softmax(-1) @ v).permute(0, 2, 1, 3).contiguous().view(b, n, 10)
        x = self.norm1(x + self.o(y))
        x = self.norm2(x + self.fc2(F.gelu(self.fc1(x))))
        return self.head(torch.tanh(self.pooler(x[:, 0])))


class WindowAttention(ZooNetwork):
    """Swin: shifted 2 x 2 windows become batch entries; heads and the stream do not notice."""

    shape = (3, 4, 4)
    expected = (
        channels(10, out("patch", "norm", "proj"), into("qkv", "head"), normalised=True),
        heads(3, out("qkv"), param("table", dim=1), into("proj")),
    )
    refused = refuse("output", "head")
    index: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.norm = nn.Conv2d(3, 10, 1), nn.LayerNorm(10)
        self.qkv, self.proj = nn.Linear(10, 36), nn.Linear(12, 10)
        self.head = nn.Linear(10, 4)
        self.table = nn.Parameter(torch.zeros(9, 3))
        grid = torch.stack(torch.meshgrid(torch.arange(2), torch.arange(2), indexing="ij"))
        steps = grid.flatten(1)[:, :, None] - grid.flatten(1)[:, None] + 1
        self.register_buffer("index", (steps[0] * 3 + steps[1]).flatten())

    def attend(self, x: Tensor) -> Tensor:
        b, n, _ = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, 3, 4).permute(2, 0, 3, 1, 4).unbind(0)
        bias = self.table[self.index].view(n, n, 3).permute(2, 0, 1)
        scores = q * 0.5 @ k.transpose(-2, -1) + bias[None]
        mask = x.new_zeros(4, 4)
        mask[2:, 1::2] = -100.0
        scores = scores.view(b // 4, 4, 3, n, n) + mask[None, :, None, None]
        scores = scores.view(-1, 3, n, n).softmax(-1)
        result: Tensor = self.proj((scores @ v).transpose(1, 2).reshape(b, n, 12))
        return result

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).permute(0, 2, 3, 1)
        b, h, w, c = x.shape
        y = torch.roll(self.norm(x), (-1, -1), (1, 2))
        y = y.view(b, 2, 2, 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(b * 4, 4, c)
        y = self.attend(y).view(b, 2, 2, 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c)
        x = x + torch.roll(y, (1, 1), (1, 2))
        return self.head(x.mean((1, 2)))


class PatchMerging(ZooNetwork):
    """Swin's downsampling: four neighbours of every channel are concatenated, then normalised."""

    shape = (3, 4, 4)
    expected = (
        channels(6, out("patch", "norm"), into("reduce"), normalised=True),
        channels(7, out("reduce", bias=False), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.norm = nn.Conv2d(3, 6, 1), nn.LayerNorm(24)
        self.reduce, self.head = nn.Linear(24, 7, bias=False), nn.Linear(7, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).permute(0, 2, 3, 1)
        parts = [x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]]
        return self.head(self.reduce(self.norm(torch.cat(parts, -1))).mean((1, 2)))
