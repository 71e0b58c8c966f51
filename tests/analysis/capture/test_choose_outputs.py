"""Outputs that need not stay bind nothing, and are gone from the network."""

import pytest
import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from prunescope.capture.choose_outputs import chosen
from prunescope.capture.network import Network, build_network
from prunescope.capture.outputs import list_outputs
from prunescope.errors import CannotCapture, UnknownName
from prunescope.removal import check_law, try_groups


class Auxiliary(nn.Module):
    """A residual stream that is returned beside the logits, and a head of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.enter, self.up, self.down = nn.Linear(6, 8), nn.Linear(8, 16), nn.Linear(16, 8)
        self.head, self.other = nn.Linear(8, 5), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        hidden = self.enter(x)
        hidden = hidden + self.down(self.up(hidden).relu())
        return {"logits": self.head(hidden), "hidden": hidden, "other": self.other(hidden)}


class Branches(nn.Module):
    """No graph: what it does depends on the data."""

    def forward(self, x: Tensor) -> Tensor:
        return -x if float(x.sum()) > 0 else x


def _groups(network: Network) -> dict[str, int]:
    assert network.captured is not None
    return {group.name: group.units for group in try_groups(network.captured).groups}


@pytest.mark.parametrize("name", ["logits", "0"])
def test_the_stream_becomes_a_group(name: str) -> None:
    model, inputs = Auxiliary().double().eval(), torch.randn(3, 6, dtype=torch.float64)
    assert _groups(build_network(model, inputs)) == {"up": 16}
    network = build_network(model, inputs, (name,))
    assert _groups(network) == {"enter": 8, "up": 16}
    assert [layer.name for layer in network.layers] == ["enter", "up", "down", "head"]
    assert network.captured is not None
    outputs = network(inputs)
    assert list(outputs) == ["logits"]
    torch.testing.assert_close(outputs["logits"], model(inputs)["logits"], rtol=0, atol=0)
    for group in ("enter", "up"):
        report = check_law(network.captured, group, inputs)
        assert report.ok
        assert report.effect > 0


def test_an_encoder_need_not_return_its_hidden_states() -> None:
    sizes = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24)
    config = BertConfig(**sizes, vocab_size=30, output_hidden_states=True)
    model, words = BertModel(config).eval(), {"input_ids": torch.randint(0, 30, (2, 5))}
    every = build_network(model, words)
    network = build_network(model, words, ("pooler_output",))
    assert network.captured is not None
    assert network.cost is not None
    assert every.cost is not None
    (output,) = list_outputs(network.captured, network.layers)
    assert output.name == "pooler_output"
    assert list(network(words)) == ["pooler_output"]
    streams = set(_groups(network).values()) - set(_groups(every).values())
    assert 16 in streams


def test_names_that_do_not_exist_and_models_without_a_graph_are_refused() -> None:
    with pytest.raises(UnknownName, match="Expected output to be one that exists, but got 'logit'"):
        build_network(Auxiliary(), torch.randn(2, 6), ("logit",))
    with pytest.raises(CannotCapture, match="Expected a model with a graph to choose outputs of"):
        build_network(Branches(), torch.randn(2, 6), ("output",))


def test_containers_stay_of_their_kind() -> None:
    tree = {"a": [1, (2, 3)], "b": 4}
    assert chosen(tree, ["a"]) == {"a": [1, (2, 3)]}
    assert chosen(tree, ["a.1.0", "b"]) == {"a": [(2,)], "b": 4}
    assert chosen((1, {"x": 2}), ["1"]) == ({"x": 2},)
    assert chosen(tree, []) is tree
