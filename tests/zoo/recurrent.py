"""Recurrent layers, which are refused by name."""

from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, into, out, refuse, tokens


class LstmTagger(ZooNetwork):
    """An LSTM's gates and states hide in one operator: neither its inputs nor its outputs leave."""

    expected = (channels(6, out("fc1"), into("fc2")),)
    refused = refuse("lstm", "embed", "rnn") + refuse("output", "fc2")

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
    """The same for a GRU."""

    shape = (4, 5)
    expected = (channels(6, out("fc1"), into("fc2")),)
    refused = refuse("gru", "stem", "rnn") + refuse("output", "fc2")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.rnn = nn.Linear(5, 8), nn.GRU(8, 7, batch_first=True)
        self.fc1, self.fc2 = nn.Linear(7, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x, _ = self.rnn(F.relu(self.stem(x)))
        return self.fc2(F.relu(self.fc1(x[:, -1])))


class RnnTagger(ZooNetwork):
    """The same for a plain recurrent layer."""

    shape = (4, 5)
    refused = refuse("rnn", "stem", "rnn") + refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.rnn = nn.Linear(5, 8), nn.RNN(8, 7, batch_first=True)
        self.fc = nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        x, _ = self.rnn(F.relu(self.stem(x)))
        return self.fc(x[:, -1])


class LstmBidirectional(ZooNetwork):
    """Both directions, two layers deep, and the final states as outputs."""

    shape = (4, 5)
    refused = refuse("lstm", "rnn") + refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(5, 4, num_layers=2, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x, (state, _) = self.rnn(x)
        return self.fc(x), state.transpose(0, 1)
