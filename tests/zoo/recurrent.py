"""Recurrent layers: hidden units leave with their rows of all gates, inputs with their columns."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import Member, ZooNetwork, channels, into, out, param, refuse, tokens


def hidden(layer: str, suffix: str = "_l0", bias: bool = True) -> frozenset[Member]:
    """Return what makes and reads the hidden units of one layer in one direction."""
    kinds = ("weight_ih", "weight_hh", *(("bias_ih", "bias_hh") if bias else ()))
    rows = param(*(f"{layer}.{kind}{suffix}" for kind in kinds))
    return rows | param(f"{layer}.weight_hh{suffix}", dim=1)


def inputs(layer: str, *suffixes: str) -> frozenset[Member]:
    """Return the columns of what reads the inputs of layers or directions."""
    return param(*(f"{layer}.weight_ih{suffix}" for suffix in suffixes), dim=1)


class LstmTagger(ZooNetwork):
    """A hidden unit owns a row of each of the four gates; the embedding's features are inputs."""

    expected = (
        channels(5, param("embed.weight", dim=1), inputs("rnn", "_l0")),
        channels(7, hidden("rnn"), into("fc1")),
        channels(6, out("fc1"), into("fc2")),
    )
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.rnn = nn.Embedding(9, 5), nn.LSTM(5, 7, batch_first=True)
        self.fc1, self.fc2 = nn.Linear(7, 6), nn.Linear(6, 3)

    def example(self) -> Tensor:
        return tokens(9, 3, 4)

    def forward(self, ids: Tensor) -> Tensor:
        x, _ = self.rnn(self.embed(ids))
        return self.fc2(F.relu(self.fc1(x)))


class GruTagger(ZooNetwork):
    """Three gates, without biases, time before the batch, the last step read."""

    shape = (4, 5)
    expected = (
        channels(8, out("stem"), inputs("rnn", "_l0")),
        channels(7, hidden("rnn", bias=False), into("fc1")),
        channels(6, out("fc1"), into("fc2")),
    )
    refused = refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.rnn = nn.Linear(5, 8), nn.GRU(8, 7, bias=False)
        self.fc1, self.fc2 = nn.Linear(7, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x, _ = self.rnn(F.relu(self.stem(x)).transpose(0, 1))
        return self.fc2(F.relu(self.fc1(x[-1])))


class RnnTagger(ZooNetwork):
    """One gate, started from what another layer makes of the input."""

    shape = (4, 5)
    expected = (
        channels(8, out("stem"), inputs("rnn", "_l0")),
        channels(7, out("start"), hidden("rnn"), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.rnn = nn.Linear(5, 8), nn.RNN(8, 7, batch_first=True, nonlinearity="relu")
        self.start, self.fc = nn.Linear(5, 7), nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        _, state = self.rnn(F.relu(self.stem(x)), self.start(x[:, 0])[None])
        return self.fc(state[0])


class LstmBidirectional(ZooNetwork):
    """Two layers in both directions: each of the four has hidden units of its own."""

    shape = (4, 5)
    expected = (
        *(
            channels(6, hidden("rnn", suffix), inputs("rnn", "_l1", "_l1_reverse"))
            for suffix in ("_l0", "_l0_reverse")
        ),
        *(channels(6, hidden("rnn", suffix), into("fc")) for suffix in ("_l1", "_l1_reverse")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(5, 6, num_layers=2, bidirectional=True, batch_first=True, dropout=0.3)
        self.fc = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.rnn(x)[0])


class GruLastStates(ZooNetwork):
    """Both layers' last states lie in one tensor, so a unit of one leaves with the other's."""

    shape = (4, 5)
    expected = (channels(6, hidden("rnn"), hidden("rnn", "_l1"), inputs("rnn", "_l1"), into("fc")),)
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.fc = nn.GRU(5, 6, num_layers=2, batch_first=True), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.rnn(x)[1].mean(0))


class LstmStatesReturned(ZooNetwork):
    """Final states that are outputs keep every hidden unit; the inputs may leave."""

    shape = (4, 5)
    expected = (channels(8, out("stem"), inputs("rnn", "_l0")),)
    refused = refuse("output", "rnn.weight_ih_l0") + refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.rnn = nn.Linear(5, 8), nn.LSTM(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x, (_, cell) = self.rnn(self.stem(x).relu())
        return self.fc(x), cell.transpose(0, 1)


class LstmProjected(ZooNetwork):
    """A projected LSTM keeps its cells and its projected states; its inputs may leave."""

    shape = (4, 5)
    expected = (channels(8, out("stem"), inputs("rnn", "_l0")),)
    refused = (
        *refuse("projection", "rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.weight_hr_l0"),
        *refuse("output", "fc"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.rnn = nn.Linear(5, 8), nn.LSTM(8, 7, proj_size=4, batch_first=True)
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.rnn(self.stem(x).relu())[0])


class Cells(ZooNetwork):
    """A loop over steps calls one cell of each kind several times with the same weights."""

    shape = (3, 5)
    expected = (
        channels(6, hidden("lstm", ""), inputs("gru", "")),
        channels(7, hidden("gru", ""), inputs("rnn", "")),
        channels(4, hidden("rnn", ""), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.gru = nn.LSTMCell(5, 6), nn.GRUCell(6, 7)
        self.rnn, self.fc = nn.RNNCell(7, 4), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        memory, middle, last = None, None, None
        for step in x.unbind(1):
            memory = self.lstm(step, memory)
            middle = self.gru(memory[0], middle)
            last = self.rnn(middle, last)
        return self.fc(last)


class ConvolutionsThenGru(ZooNetwork):
    """Speech in small: filters become a step's features, and steps carry a gated state."""

    shape = (1, 6, 8)
    expected = (
        channels(4, out("conv"), inputs("rnn", "_l0", "_l0_reverse")),
        channels(5, hidden("rnn"), into("fc")),
        channels(5, hidden("rnn", "_l0_reverse"), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.rnn, self.fc = nn.GRU(24, 5, bidirectional=True, batch_first=True), nn.Linear(10, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.conv(x)).permute(0, 3, 1, 2).flatten(2)
        return self.fc(self.rnn(x)[0].mean(1))
