"""Recurrent layers: gates inside their operators, the user's own class, files of smaller ones."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from onnxruntime import InferenceSession
from torch import Tensor, nn

from prunescope.capture.graph import Captured, capture
from prunescope.coupling import find_groups
from prunescope.errors import CannotPrune
from prunescope.export.formats import pt2
from prunescope.removal import gated, load_pruned, random_half, remove, try_groups
from tests.zoo import build
from tests.zoo.network import ZooNetwork

STEPS = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))


def captured_of(network: nn.Module, inputs: Tensor) -> Captured:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.export warns about the weights of recurrent layers
        return capture(network, inputs)


@pytest.mark.parametrize(
    "name", ["lstm_tagger", "gru_tagger", "rnn_tagger", "lstm_bidirectional", "cells"]
)
def test_a_closed_gate_is_a_removed_unit(name: str) -> None:
    network: ZooNetwork = build(name)
    inputs = network.example()
    assert isinstance(inputs, Tensor)
    captured = captured_of(network, inputs)
    for group in find_groups(captured).groups:
        module, keep = gated(captured, group), random_half(group)
        with torch.no_grad():
            module.get_parameter("gate").copy_(torch.from_numpy(keep))
            smaller = remove(captured, {group.name: keep}).module
            torch.testing.assert_close(module(inputs), smaller(inputs))
            assert not torch.allclose(module(inputs), network(inputs), atol=1e-4)


class Deep(nn.Module):
    """Two layers in both directions, and a class that holds one number of hidden units."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(5, 6, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0][:, -1])


def test_as_many_units_from_all_layers_pour_into_the_class() -> None:
    captured = captured_of(Deep().eval(), STEPS)
    groups = try_groups(captured).groups
    assert len(groups) == 4
    removal = {group.name: random_half(group) for group in groups}
    model = Deep().eval()
    model.load_state_dict(captured.module.state_dict())
    poured = load_pruned(model, removal, captured=captured)
    assert isinstance(poured, Deep)
    assert (poured.rnn.input_size, poured.rnn.hidden_size) == (5, 3)
    smaller = remove(captured, removal).module
    torch.testing.assert_close(poured(STEPS), smaller(STEPS))
    with pytest.raises(CannotPrune, match="same number of hidden units"):
        load_pruned(Deep(), {groups[0].name: random_half(groups[0])}, captured=captured)


def test_each_layer_shrinks_by_itself_in_both_files(tmp_path: Path) -> None:
    captured = captured_of(Deep().eval(), STEPS)
    removal = {
        group.name: np.arange(group.units) >= count
        for count, group in enumerate(try_groups(captured).groups, 1)
    }
    smaller = remove(captured, removal)
    shapes = {name: tuple(p.shape) for name, p in smaller.module.named_parameters()}
    assert shapes["rnn.weight_hh_l0"] == (15, 5)
    assert shapes["rnn.weight_ih_l1"] == (9, 9)
    assert shapes["head.weight"] == (3, 5)
    expected = smaller.module(STEPS).detach()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pt2.write(pt2.exported(smaller), tmp_path / "m.pt2")
        batch = ({0: torch.export.Dim("batch", min=1)},)
        program = torch.onnx.export(smaller.module, (STEPS,), dynamo=True, dynamic_shapes=batch)
    assert program is not None
    program.save(tmp_path / "m.onnx")
    torch.testing.assert_close(pt2.load(tmp_path / "m.pt2")(STEPS[:1]), expected[:1])
    session = InferenceSession(tmp_path / "m.onnx")
    (outputs,) = session.run(None, {session.get_inputs()[0].name: STEPS[:2].numpy()})
    torch.testing.assert_close(torch.from_numpy(outputs), expected[:2])


def test_dropout_between_layers_acts_in_training_only() -> None:
    deep = nn.GRU(5, 6, num_layers=2, dropout=0.5, batch_first=True).eval()
    captured = captured_of(deep, STEPS)
    rates = [node.args[1:] for node in captured.module.graph.nodes if "dropout" in node.name]
    assert rates == [(0.5, False)]
