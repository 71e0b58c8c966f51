"""Networks for export tests as a user would write them: each pattern that an export may trip on."""

TEXT = '''\
"""Tiny networks and their data."""

import torch
from torch import nn


class Normed(nn.Module):
    """Convolution with batch norm."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(16, 3)
        nn.init.uniform_(self.norm.weight, 0.5, 2.0)

    def forward(self, x):
        x = torch.nn.functional.max_pool2d(self.norm(self.conv(x)).relu(), 2)
        return self.head(x.flatten(1))


class Tokens(nn.Module):
    """Tokens and a float mask in, a dict out; the embedding is tied to the output."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 5)
        self.mix = nn.Linear(5, 5)
        self.out = nn.Linear(5, 7, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, ids, mask):
        hidden = (self.mix(self.embed(ids)).tanh() * mask[:, :, None]).mean(1)
        return {"hidden": hidden, "logits": self.out(hidden)}


class Twofold(nn.Module):
    """A tuple in, a tuple out."""

    def __init__(self):
        super().__init__()
        self.left = nn.Linear(4, 3)
        self.right = nn.Linear(6, 3)

    def forward(self, one, two):
        both = self.left(one) + self.right(two)
        return both, (both.sigmoid(), both.argmax(1))


class Fickle(nn.Module):
    """No graph: what it does depends on the data."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(-x if float(x.sum()) > 0 else x)


class Placed(nn.Module):
    """Large tables that the weights file does not hold: a buffer, and two tensors of no kind."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Module()
        self.inner.head = nn.Linear(4, 3)
        self.inner.table = torch.randn(30000, 3) / 100
        self.shift = torch.randn(30000, 3) / 100
        self.register_buffer("places", torch.randn(30000, 4) / 100, persistent=False)

    def forward(self, x):
        found = self.inner.head(x + self.places[:9].mean(0))
        return found + self.inner.table[:9].mean(0) + self.shift[:9].mean(0)


class Halved(nn.Module):
    """Half precision, and wide enough that its sums differ with the order of their terms."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(16, 64)
        self.head = nn.Linear(64, 4)

    def forward(self, x):
        return self.head(self.first(x).relu())


class AnyLength(nn.Module):
    """Tokens of any number, mixed by attention; the hidden units can leave, and so can heads."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.up, self.down = nn.Linear(8, 12), nn.Linear(12, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, ids):
        x = self.embed(ids)
        x = x + self.attention(x, x, x, need_weights=False)[0]
        x = x + self.down(self.up(x).relu())
        return self.head(x.mean(1))


class Recurrent(nn.Module):
    """An LSTM in both directions and a GRU hold nearly all weights."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 5, batch_first=True, bidirectional=True)
        self.gru, self.head = nn.GRU(10, 6, batch_first=True), nn.Linear(6, 3)

    def forward(self, x):
        return self.head(self.gru(self.lstm(x)[0])[0].mean(1))


def recurrent():
    return Recurrent()


def any_length():
    return AnyLength()


def placed():
    return Placed()


def halved():
    return Halved().half()


def normed():
    return Normed()


def tokens():
    return Tokens()


def twofold():
    return Twofold()


def fickle():
    return Fickle()


def _splits(make):
    made = torch.Generator().manual_seed(3)
    return {
        "calibration": (make(40, made), torch.arange(40) % 3),
        "validation": (make(70, made), torch.arange(70) % 3),
        "test": (make(10, made), torch.arange(10) % 3),
    }


def images():
    return _splits(lambda n, g: torch.randn(n, 1, 4, 4, generator=g))


def words():
    return _splits(
        lambda n, g: {
            "ids": torch.randint(0, 7, (n, 6), generator=g),
            "mask": torch.rand(n, 6, generator=g),
        }
    )


def steps():
    return _splits(lambda n, g: torch.randn(n, 6, 4, generator=g))


def sentences():
    return _splits(lambda n, g: torch.randint(0, 7, (n, 6), generator=g))


def pairs():
    return _splits(lambda n, g: (torch.randn(n, 4, generator=g), torch.randn(n, 6, generator=g)))


def vectors():
    return _splits(lambda n, g: torch.randn(n, 4, generator=g))


def halves():
    return _splits(lambda n, g: torch.randn(n, 16, generator=g).half())
'''
