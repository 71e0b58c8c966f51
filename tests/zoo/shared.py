"""Shared and tied parameters: one tensor in several places, one tensor in two roles."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, into, out, param, refuse, tokens


class TiedEmbedding(ZooNetwork):
    """The decoder reads the embedding table: its rows are looked up and put out and stay, its
    columns are the stream."""

    expected = (
        channels(6, param("embed.weight", dim=1), out("fc2"), into("fc1")),
        channels(9, out("fc1"), into("fc2")),
    )
    refused = refuse("looked up", "embed")

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 6)
        self.fc1, self.fc2 = nn.Linear(6, 9), nn.Linear(9, 6)
        self.decoder = nn.Linear(6, 11)
        self.decoder.weight = self.embed.weight

    def example(self) -> Tensor:
        return tokens(11, 3, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x)
        return self.decoder(x + self.fc2(F.gelu(self.fc1(x))))


class EmbeddingMlp(ZooNetwork):
    """The columns of an embedding table are its output channels."""

    expected = (
        channels(6, param("embed.weight", dim=1), into("fc1")),
        channels(8, out("fc1"), into("fc2")),
    )
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 6, padding_idx=0)
        self.fc1, self.fc2 = nn.Linear(6, 8), nn.Linear(8, 3)

    def example(self) -> Tensor:
        return tokens(10, 3, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(torch.relu(self.fc1(self.embed(x))).mean(1))


class EmbeddingFlatten(ZooNetwork):
    """Four embedded tokens side by side: each column owns every sixth input."""

    expected = (channels(6, param("embed.weight", dim=1), into("fc")),)
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.fc = nn.Embedding(9, 6), nn.Linear(24, 4)

    def example(self) -> Tensor:
        return tokens(9, 3, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.embed(x).flatten(1))


class EmbeddingTwoTables(ZooNetwork):
    """Summed tables (words and positions) are one stream."""

    expected = (channels(7, param("word.weight", "place.weight", dim=1), into("fc")),)
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.word, self.place = nn.Embedding(10, 7), nn.Embedding(5, 7)
        self.fc = nn.Linear(7, 3)

    def example(self) -> Tensor:
        return tokens(10, 3, 5)

    def forward(self, x: Tensor) -> Tensor:
        place = torch.arange(x.size(1), device=x.device)
        return self.fc(torch.tanh(self.word(x) + self.place(place)))


class SameModuleTwice(ZooNetwork):
    """Applied to its own output, a layer's inputs and outputs are the same units, and the
    stem's too."""

    shape = (5,)
    expected = (channels(8, out("stem", "shared"), into("shared", "head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.shared, self.head = nn.Linear(5, 8), nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x))
        return self.head(F.relu(self.shared(F.relu(self.shared(x)))))


class SameModuleTwoInputs(ZooNetwork):
    """One head reads two levels of a pyramid, so both levels have the same units."""

    expected = (
        channels(5, out("stem"), into("a", "down")),
        channels(6, out("a", "b"), into("shared")),
        channels(7, out("down"), into("b")),
        channels(4, out("shared"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.down = nn.Conv2d(3, 5, 3), nn.Conv2d(5, 7, 3, 2)
        self.a, self.b = nn.Conv2d(5, 6, 1), nn.Conv2d(7, 6, 1)
        self.shared, self.head = nn.Conv2d(6, 4, 3, padding=1), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu(self.stem(x))
        levels = [self.a(x), self.b(F.relu(self.down(x)))]
        high, low = (F.relu(self.shared(level)).mean((2, 3)) for level in levels)
        return self.head(high), self.head(low)


class TiedAutoencoder(ZooNetwork):
    """One matrix encodes and, transposed, decodes: its rows are the code, its columns stay."""

    shape = (7,)
    expected = (channels(5, param("weight", "bias")),)

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(5, 7))
        self.bias, self.shift = nn.Parameter(torch.zeros(5)), nn.Parameter(torch.zeros(7))

    def forward(self, x: Tensor) -> Tensor:
        code = torch.sigmoid(F.linear(x, self.weight, self.bias))
        return F.linear(code, self.weight.t(), self.shift)


class TiedAutoencoderDeep(ZooNetwork):
    """The middle width is rows of the first matrix and columns of the second, in both roles."""

    shape = (7,)
    expected = (
        channels(6, out("fc1"), into("fc2"), param("shift")),
        channels(5, out("fc2")),
    )

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(7, 6), nn.Linear(6, 5)
        self.shift = nn.Parameter(torch.zeros(6))

    def forward(self, x: Tensor) -> Tensor:
        code = torch.tanh(self.fc2(torch.tanh(self.fc1(x))))
        hidden = torch.tanh(F.linear(code, self.fc2.weight.t(), self.shift))
        return F.linear(hidden, self.fc1.weight.t())


class UntiedCopies(ZooNetwork):
    """Two layers that start from equal values share nothing, and stay two groups."""

    shape = (5,)
    expected = (
        channels(8, out("a"), into("head")),
        channels(8, out("b"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(5, 8)
        self.b, self.head = copy.deepcopy(self.a), nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.cat([F.relu(self.a(x)), torch.tanh(self.b(x))], 1))


class SharedConvWeight(ZooNetwork):
    """Two convolutions own the same kernel (TridentNet): different dilation, same units."""

    expected = (
        channels(5, out("stem"), into("a")),
        channels(7, out("a"), param("b.bias"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 5, 1)
        self.a, self.b = nn.Conv2d(5, 7, 3, padding=1), nn.Conv2d(5, 7, 3, padding=2, dilation=2)
        self.b.weight = self.a.weight
        self.head = nn.Conv2d(14, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x))
        return self.head(F.relu(torch.cat([self.a(x), self.b(x)], 1)))


class SharedNorm(ZooNetwork):
    """One batch norm on two branches ties the branches, though nothing is added."""

    expected = (channels(6, out("a", "b", "bn"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 6, 1), nn.Conv2d(3, 6, 3, padding=1)
        self.bn, self.head = nn.BatchNorm2d(6), nn.Conv2d(12, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(torch.cat([self.bn(self.a(x)), self.bn(self.b(x))], 1)))


class RecurrentByHand(ZooNetwork):
    """An unrolled recurrence: hidden-to-hidden is tied to itself, the input map to the state."""

    shape = (3, 5)
    expected = (channels(7, out("feed", "state"), into("state", "head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.feed, self.state, self.head = nn.Linear(5, 7), nn.Linear(7, 7), nn.Linear(7, 4)

    def forward(self, x: Tensor) -> Tensor:
        state = torch.tanh(self.feed(x[:, 0]))
        for step in range(1, 3):
            state = torch.tanh(self.feed(x[:, step]) + self.state(state))
        return self.head(state)


class SlimmableWeight(ZooNetwork):
    """Only the first six rows of the parameter are used here; the last two feed nothing."""

    shape = (5,)
    expected = (channels(6, param("bank"), into("head")), channels(2, param("bank")))
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.bank, self.head = nn.Parameter(torch.randn(8, 5)), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(F.linear(x, self.bank[:6])))
