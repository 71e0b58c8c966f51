"""A small causal language model over bytes: rotary positions, packed attention, LayerNorm.

Source: Radford et al. 2019 (GPT-2), with the rotary positions of Su et al. 2021 (arXiv
2104.09864) in place of learned ones, so that a text of any length can be read.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


def rotated(vectors: Tensor, angles: Tensor) -> Tensor:
    """Return vectors ``(n, heads, tokens, 2 d)``, each pair of halves turned by its angle.

    Args:
        vectors: Queries or keys; not modified.
        angles: ``(tokens, d)`` in radians.
    """
    first, second = vectors.chunk(2, -1)
    cosine, sine = angles.cos(), angles.sin()
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)


class Attention(nn.Module):
    """Multi-head self-attention in which no token sees what comes later."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor, angles: Tensor) -> Tensor:
        """Return tokens ``(n, tokens, width)`` mixed by attention."""
        n, count, width = tokens.shape

        def split(packed: Tensor) -> Tensor:
            return packed.reshape(n, count, self.heads, width // self.heads).transpose(1, 2)

        query = rotated(split(self.query(tokens)), angles)
        key = rotated(split(self.key(tokens)), angles)
        mixed = functional.scaled_dot_product_attention(
            query, key, split(self.value(tokens)), is_causal=True
        )
        out: Tensor = self.proj(mixed.transpose(1, 2).reshape(n, count, width))
        return out


class Block(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, tokens: Tensor, angles: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        tokens = tokens + self.attn(self.norm1(tokens), angles)
        updated: Tensor = tokens + self.fc2(functional.gelu(self.fc1(self.norm2(tokens))))
        return updated


class GPT(nn.Module):
    """Map bytes ``(n, tokens)`` to the logits of the next ones, ``(n, tokens, 256)``."""

    frequencies: Tensor

    def __init__(self, width: int = 96, heads: int = 4, depth: int = 4, hidden: int = 224) -> None:
        super().__init__()
        self.embed = nn.Embedding(256, width)
        self.blocks = nn.ModuleList(Block(width, heads, hidden) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 256)
        half = width // heads // 2
        self.register_buffer(
            "frequencies", 10_000.0 ** (-torch.arange(half) / half), persistent=False
        )
        nn.init.normal_(self.embed.weight, std=0.1)

    def forward(self, letters: Tensor) -> Tensor:
        """Return logits ``(n, tokens, 256)`` of bytes ``(n, tokens)`` int64."""
        places = torch.arange(letters.shape[1], device=letters.device)
        angles = places[:, None] * self.frequencies
        tokens = self.embed(letters)
        for block in self.blocks:
            tokens = block(tokens, angles)
        logits: Tensor = self.head(self.norm(tokens))
        return logits


def build() -> nn.Module:
    """Return the network with fresh random weights."""
    return GPT()
