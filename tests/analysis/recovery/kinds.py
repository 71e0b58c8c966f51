"""Tiny networks of every kind that points and plans are recovered on, with data, by name."""

import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = 3


class Plain(nn.Module):
    """Convolutions and linear layers one after another."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 6, 3, padding=1)
        self.second = nn.Conv2d(6, 8, 3, stride=2)
        self.hidden, self.head = nn.Linear(8 * 4, 10), nn.Linear(10, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.second(self.first(x).relu()).relu()
        return self.head(self.hidden(x.flatten(1)).tanh())


class Normed(nn.Module):
    """The same with batch norms."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(1, 6, 3, bias=False), nn.BatchNorm2d(6)
        self.second, self.normed = nn.Conv2d(6, 8, 3, bias=False), nn.BatchNorm2d(8)
        self.head = nn.Linear(8 * 4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.normed(self.second(self.norm(self.first(x)).relu())).relu()
        return self.head(x.flatten(1))


class Residual(nn.Module):
    """A stream that two blocks add to."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(1, 6, 3, bias=False), nn.BatchNorm2d(6)
        self.grow, self.grown = nn.Conv2d(6, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.shrink = nn.Conv2d(8, 6, 1)
        self.again, self.back = nn.Conv2d(6, 8, 1), nn.Conv2d(8, 6, 3, padding=1)
        self.head = nn.Linear(6 * 4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.stem(x)).relu()
        x = x + self.shrink(self.grown(self.grow(x)).relu())
        x = x + self.back(self.again(x).relu())
        return self.head(functional.avg_pool2d(x, 2).flatten(1))


class Depthwise(nn.Module):
    """Inverted bottleneck: wide, a filter for each channel, narrow."""

    def __init__(self) -> None:
        super().__init__()
        self.wide, self.widened = nn.Conv2d(1, 8, 3, bias=False), nn.BatchNorm2d(8)
        self.deep = nn.Conv2d(8, 8, 3, groups=8, bias=False)
        self.deepened = nn.BatchNorm2d(8)
        self.narrow, self.head = nn.Conv2d(8, 5, 1), nn.Linear(5 * 4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.deepened(self.deep(self.widened(self.wide(x)).relu())).relu()
        return self.head(self.narrow(x).flatten(1))


class Attention(nn.Module):
    """Rows as tokens; attention over two heads, then two layers for each token."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(6, 8)
        self.queries, self.keys, self.values = (nn.Linear(8, 8) for _ in range(3))
        self.out, self.before = nn.Linear(8, 8), nn.LayerNorm(8)
        self.up, self.down = nn.Linear(8, 12), nn.Linear(12, 8)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x.squeeze(1))
        q, k, v = (
            layer(x).unflatten(2, (2, 4)).transpose(1, 2)
            for layer in (self.queries, self.keys, self.values)
        )
        mixed = functional.scaled_dot_product_attention(q, k, v)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        x = x + self.down(functional.gelu(self.up(self.before(x))))
        return self.head(x.mean(1))


class Tied(nn.Module):
    """One layer that is called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.again = nn.Linear(36, 10), nn.Linear(10, 10)
        self.head = nn.Linear(10, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x.flatten(1)).relu()
        return self.head(self.again(self.again(x).relu()))


def _made(network: type[nn.Module]) -> nn.Module:
    torch.manual_seed(3)
    model = network()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    return model


def plain() -> nn.Module:
    return _made(Plain)


def normed() -> nn.Module:
    return _made(Normed)


def residual() -> nn.Module:
    return _made(Residual)


def depthwise() -> nn.Module:
    return _made(Depthwise)


def attention() -> nn.Module:
    return _made(Attention)


def tied() -> nn.Module:
    return _made(Tied)


def splits() -> dict[str, tuple[Tensor, Tensor]]:
    made = torch.Generator().manual_seed(7)

    def part(count: int) -> tuple[Tensor, Tensor]:
        smooth = functional.avg_pool2d(torch.randn(count, 1, 8, 8, generator=made), 3, 1)
        return 3 * smooth, torch.arange(count) % CLASSES

    return {"calibration": part(150), "validation": part(60), "test": part(9)}
