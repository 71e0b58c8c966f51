"""Several inputs and outputs, dicts, tokens, constants: what comes in and goes out stays."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, draw, into, out, param, refuse, tokens


class TwoInputs(ZooNetwork):
    """An image and a vector meet by concatenation: one group for each side."""

    expected = (
        channels(6, out("conv"), into("fc")),
        channels(5, out("side"), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.side, self.fc = nn.Conv2d(3, 6, 3), nn.Linear(4, 5), nn.Linear(11, 2)

    def example(self) -> tuple[Tensor, Tensor]:
        return draw(3, 3, 8, 8), draw(3, 4, seed=2)

    def forward(self, image: Tensor, vector: Tensor) -> Tensor:
        x = F.relu(self.conv(image)).mean((2, 3))
        return self.fc(torch.cat([x, F.relu(self.side(vector))], 1))


class TwoOutputs(ZooNetwork):
    """Two heads on one trunk: both read its channels, both keep their own outputs."""

    expected = (channels(6, out("conv"), into("boxes", "scores")),)
    refused = refuse("output", "boxes", "scores")

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)
        self.boxes, self.scores = nn.Conv2d(6, 4, 1), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu(self.conv(x))
        return self.boxes(x), self.scores(x.mean((2, 3)))


class DictInput(ZooNetwork):
    """Keyword inputs by name: tokens and floats in one dict."""

    expected = (channels(6, param("embed.weight", dim=1), out("lift"), into("fc")),)
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.lift, self.fc = nn.Embedding(9, 6), nn.Linear(4, 6), nn.Linear(6, 3)

    def example(self) -> dict[str, Tensor]:
        return {"values": draw(3, 5, 4), "kinds": tokens(9, 3, 5)}

    def forward(self, values: Tensor, kinds: Tensor) -> Tensor:
        return self.fc(torch.relu(self.lift(values) + self.embed(kinds)).mean(1))


class DictOutput(ZooNetwork):
    """A dict of outputs, nested: what is read directly anywhere keeps its layer."""

    expected = (channels(6, out("conv1"), into("conv2", "aux")),)
    refused = refuse("output", "conv2", "aux", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 7, 3)
        self.aux, self.fc = nn.Conv2d(6, 2, 1), nn.Linear(7, 4)

    def forward(self, x: Tensor) -> dict[str, Tensor | list[Tensor]]:
        x = F.relu(self.conv1(x))
        features = F.relu(self.conv2(x))
        return {"out": self.fc(features.mean((2, 3))), "more": [self.aux(x), features]}


class HiddenOutput(ZooNetwork):
    """A hidden layer that is also returned (a distillation hint) cannot get narrower."""

    shape = (5,)
    expected = (channels(8, out("fc2"), into("fc3")),)
    refused = refuse("output", "fc1", "fc3")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(5, 7), nn.Linear(7, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hint = F.relu(self.fc1(x))
        return self.fc3(F.relu(self.fc2(hint))), hint


class OutputThroughView(ZooNetwork):
    """Outputs reshaped, permuted and activated before they are returned are outputs still."""

    expected = (channels(6, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 10, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.head(F.relu(self.conv(x)))
        x = x.view(x.size(0), 2, 5, -1).permute(0, 3, 1, 2)
        return torch.sigmoid(x.reshape(x.size(0), -1, 5))


class OutputPart(ZooNetwork):
    """Only the first four channels are returned; the rest feed the head and may leave."""

    expected = (channels(6, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 10, 3), nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu(self.conv(x))
        return x[:, :4], self.head(x[:, 4:])


class OutputMeanOfChannels(ZooNetwork):
    """Returned is only a length over the channels: the channels themselves may leave."""

    shape = (5,)
    expected = (channels(7, out("fc1")),)

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(5, 7)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.fc1(x)).pow(2).sum(1)


class InputGate(ZooNetwork):
    """A layer that multiplies the input, element by element, has the input's width."""

    shape = (6,)
    expected = (channels(8, out("fc1"), into("fc2")),)
    refused = refuse("input", "gate") + refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.fc1, self.fc2 = nn.Linear(6, 6), nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = x * torch.sigmoid(self.gate(x))
        return self.fc2(F.relu(self.fc1(x)))


class InputFlattened(ZooNetwork):
    """An image normalised by constants and flattened straight into a layer: inputs stay."""

    expected = (channels(9, out("fc1"), into("fc2")),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(192, 9), nn.Linear(9, 4)
        self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6])[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.relu(self.fc1(((x - self.mean) / 0.3).flatten(1))))


class InputPerChannel(ZooNetwork):
    """A per-channel batch norm on the input has the input's channels and stays whole."""

    shape = (3, 8)
    expected = (channels(5, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.bn, self.conv, self.head = nn.BatchNorm1d(3), nn.Conv1d(3, 5, 3), nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.conv(self.bn(x))).mean(-1))


class OneSampleStatistics(ZooNetwork):
    """A scalar made of all channels multiplies them again: a mean over them, so normalised."""

    shape = (5,)
    expected = (channels(7, out("fc1"), into("fc2"), normalised=True),)
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 7), nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.fc1(x))
        return self.fc2(x / (x.mean(dim=1, keepdim=True) + 1.0))


class ConstantBranch(ZooNetwork):
    """A learned constant is concatenated: its entries are channels of their own."""

    shape = (5,)
    expected = (
        channels(6, out("fc1"), into("fc2")),
        channels(4, param("memory", dim=1), into("fc2")),
    )
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 6), nn.Linear(10, 3)
        self.memory = nn.Parameter(torch.zeros(1, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.fc1(x))
        return self.fc2(torch.cat([x, self.memory.expand(x.size(0), -1)], dim=1))


class ViewsRoundTrip(ZooNetwork):
    """Views, permutes, squeezes and unsqueezes there and back carry every channel along."""

    expected = (channels(6, out("conv"), into("head")),)
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3), nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.movedim(self.conv(x), 1, -1).contiguous()
        x = x.view(x.size(0), -1, 6).permute(0, 2, 1).unsqueeze(2).relu()
        x = x.swapaxes(1, 3).squeeze(2).unsqueeze(0).squeeze(0).transpose(1, 2)
        x = x.reshape(-1, 6, 6, 6).flatten(2).unflatten(2, (3, 12)).amax((2, 3))
        return self.head(x)


class TokensOnly(ZooNetwork):
    """A text convolution (fastText to TextCNN): tokens in, max over time, concatenation."""

    expected = (
        channels(7, param("embed.weight", dim=1), into("conv2", "conv3")),
        channels(5, out("conv2"), into("fc")),
        channels(6, out("conv3"), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.fc = nn.Embedding(12, 7), nn.Linear(11, 3)
        self.conv2, self.conv3 = nn.Conv1d(7, 5, 2), nn.Conv1d(7, 6, 3)

    def example(self) -> Tensor:
        return tokens(12, 3, 8)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed(ids).transpose(1, 2)
        parts = [F.relu(conv(x)).max(dim=2).values for conv in (self.conv2, self.conv3)]
        return self.fc(torch.cat(parts, 1))
