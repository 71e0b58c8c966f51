"""Weight matrices of recurrent layers are layers: their costs, their inputs, what they become."""

import pytest
import torch
from torch import Tensor, nn

from prunescope.capture.network import build_network
from prunescope.criteria.squared_inputs import squared_inputs
from prunescope.sources.splits import Samples


class Reader(nn.Module):
    """Two bidirectional layers over a sequence, then a cell, all of one kind."""

    def __init__(self, kind: str, projection: int = 0) -> None:
        super().__init__()
        more = {"proj_size": projection} if projection else {}
        self.rnn = getattr(nn, kind)(4, 5, 2, batch_first=True, bidirectional=True, **more)
        self.cell = getattr(nn, f"{kind}Cell")(2 * (projection or 5), 6)
        self.head = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.rnn(x)
        hidden = self.cell(y[:, 0])
        hidden = self.cell(y[:, 1], hidden)
        return self.head(hidden[0] if isinstance(hidden, tuple) else hidden)


def _expected(reader: Reader, x: Tensor) -> dict[str, Tensor]:
    """Squared inputs of the first layer's matrices, step by step with a cell of their own."""
    kind = type(reader.rnn).__name__
    found = {}
    for suffix, steps in (("l0", x.unbind(1)), ("l0_reverse", x.flip(1).unbind(1))):
        cell = getattr(nn, f"{kind}Cell")(4, 5)
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        cell.load_state_dict({n: getattr(reader.rnn, f"{n}_{suffix}") for n in names})
        hidden, state = torch.zeros(len(x), 5), None
        squares = torch.zeros(5)
        for step in steps:
            squares += hidden.square().sum(0)
            state = cell(step, state)
            hidden = state[0] if isinstance(state, tuple) else state
        found[f"rnn.weight_ih_{suffix}"] = x.square().sum((0, 1))
        found[f"rnn.weight_hh_{suffix}"] = squares
    return found


def test_every_matrix_is_a_layer_with_its_own_cost_and_inputs() -> None:
    for kind, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
        reader, x = Reader(kind).eval(), torch.randn(3, 7, 4)
        network = build_network(reader, x)
        assert network.captured is not None
        layers = {layer.name: layer.summary for layer in network.prunable()}
        names = [n for n, p in reader.named_parameters() if p.ndim > 1 and n != "head.weight"]
        assert set(layers) == {*names, "head"}
        assert layers["rnn.weight_ih_l0"].macs == 7 * gates * 5 * 4
        assert layers["rnn.weight_hh_l1_reverse"].macs == 7 * gates * 5 * 5
        assert layers["cell.weight_hh"].macs == 2 * gates * 6 * 6
        assert network.cost is not None
        assert network.cost.macs == sum(layer.macs for layer in layers.values())

        squares = squared_inputs(network, Samples(x, None), 2)
        with torch.no_grad():
            for name, expected in _expected(reader, x).items():
                rows = expected.expand_as(squares[name])
                torch.testing.assert_close(squares[name], rows, msg=f"{kind} {name}")
            before = reader.rnn(x)[0][:, :2].square().sum((0, 1))
        torch.testing.assert_close(squares["cell.weight_ih"][0], before)


@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_a_projection_of_hidden_states_is_named() -> None:
    network = build_network(Reader("LSTM", projection=3), torch.randn(3, 7, 4))
    reasons = {layer.name: layer.summary.reason for layer in network.layers}
    assert reasons["rnn.weight_hh_l0"] is None
    assert "where this weight has no rule" in str(reasons["rnn.weight_hr_l0"])
