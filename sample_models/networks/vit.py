"""A small vision transformer: a convolutional stem, packed attention, class token, LayerNorm.

Source: Dosovitskiy et al. 2020 (arXiv 2010.11929); the two-convolution patch stem follows
Xiao et al. 2021 (arXiv 2106.14881), which trains better on little data.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Multi-head self-attention with one packed query-key-value projection."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return tokens ``(n, tokens, width)`` mixed by attention."""
        n, count, width = tokens.shape
        packed = self.qkv(tokens).reshape(n, count, 3, self.heads, width // self.heads)
        query, key, value = packed.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(query, key, value)
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

    def forward(self, tokens: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        tokens = tokens + self.attn(self.norm1(tokens))
        updated: Tensor = tokens + self.fc2(functional.gelu(self.fc1(self.norm2(tokens))))
        return updated


class ViT(nn.Module):
    """Map images ``(n, 1, 28, 28)`` to 10 class logits through 49 patches and a class token."""

    def __init__(self, width: int = 64, heads: int = 4, depth: int = 6, hidden: int = 128) -> None:
        super().__init__()
        self.stem1 = nn.Conv2d(1, 32, 3, 2, 1)
        self.stem2 = nn.Conv2d(32, width, 3, 2, 1)
        self.cls = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.position = nn.Parameter(torch.randn(1, 50, width) * 0.02)
        self.blocks = nn.Sequential(*[Block(width, heads, hidden) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``(n, 10)`` of images ``(n, 1, 28, 28)``."""
        patches = self.stem2(functional.gelu(self.stem1(images))).flatten(2).transpose(1, 2)
        cls = self.cls.expand(patches.shape[0], -1, -1)
        tokens = torch.cat([cls, patches], 1) + self.position
        logits: Tensor = self.head(self.norm(self.blocks(tokens))[:, 0])
        return logits


def build() -> nn.Module:
    """Return the network with fresh random weights."""
    return ViT()
