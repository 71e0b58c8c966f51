"""Removal: the law for every group of every sample model, and a smaller network that is whole."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from prunescope.capture.cost import cost
from prunescope.capture.graph import Captured, capture
from prunescope.coupling import Group, find_groups
from prunescope.coupling.rule_table import RULES
from prunescope.coupling.walk import CouplingWalk, Value
from prunescope.errors import BadValue, CannotPrune
from prunescope.removal import check_law, freed, gated, load_pruned, remove
from prunescope.removal.try_groups import random_half as half
from prunescope.sample_models.registry import architecture
from tests.samples import every_picture
from tests.zoo import build

pytestmark = pytest.mark.quick

Masks = dict[str, np.ndarray]
_KNOWN: dict[str, tuple[nn.Module, Captured]] = {}


def sample(name: str) -> tuple[nn.Module, Captured]:
    """A sample network in float64 whose vectors are random, made once."""
    if name not in _KNOWN:
        torch.manual_seed(0)
        model = architecture(name).double().eval()
        with torch.no_grad():
            for own, value in [*model.named_parameters(), *model.named_buffers()]:
                if value.ndim == 1 and value.is_floating_point():
                    positive = own.endswith(("weight", "var"))
                    value.copy_(torch.rand_like(value) + (0.5 if positive else -0.5))
        _KNOWN[name] = (model, capture(model, torch.randn(3, 1, 28, 28).double()))
    return _KNOWN[name]


def halved(captured: Captured) -> Masks:
    return {group.name: half(group) for group in find_groups(captured).groups}


@every_picture
def test_law_for_each_group(name: str) -> None:
    _, captured = sample(name)
    for group in find_groups(captured).groups:
        report = check_law(captured, group)
        assert report.tolerance == 1e-9
        assert report.ok, (group.name, report)
        assert report.effect > 0, group.name
        assert report.normalised == group.normalised


@every_picture
def test_law_for_all_groups_and_again_on_the_smaller_network(name: str) -> None:
    _, captured = sample(name)
    assert check_law(captured, halved(captured)).ok
    smaller = remove(captured, halved(captured))
    again = halved(smaller)
    assert set(again) == set(halved(captured))
    assert check_law(smaller, again).ok


@every_picture
def test_the_smaller_network_is_whole(name: str) -> None:
    model, captured = sample(name)
    before = {own: tensor.clone() for own, tensor in captured.module.state_dict().items()}
    smaller = remove(captured, halved(captured)).module
    assert dict(smaller.named_parameters()).keys() == dict(model.named_parameters()).keys()
    assert sum(p.numel() for p in smaller.parameters()) < 0.5 * sum(
        p.numel() for p in model.parameters()
    )
    for own, tensor in captured.module.state_dict().items():
        assert torch.equal(before[own], tensor)  # the dense network is not touched
    batch = torch.randn(5, 1, 28, 28).double()
    outputs = smaller(batch)
    assert outputs.shape == (5, 10)
    assert torch.allclose(smaller(batch[:1]), outputs[:1])
    outputs.square().sum().backward()
    assert all(p.grad is not None for p in smaller.parameters())
    shapes = ({0: torch.export.Dim("batch", min=1)},)
    program = torch.export.export(smaller, (batch,), dynamic_shapes=shapes, strict=False)
    assert torch.equal(program.module(check_guards=False)(batch[:2]), smaller(batch[:2]))


@pytest.mark.filterwarnings("ignore")  # the exporter's own
@pytest.mark.parametrize("name", ["lenet5", "vit"])
def test_onnx_runtime_agrees(name: str, tmp_path: Path) -> None:
    import onnxruntime

    captured = capture(architecture(name), torch.randn(2, 1, 28, 28))
    smaller = remove(captured, halved(captured)).module
    batch = torch.randn(3, 1, 28, 28)
    shapes = ({0: torch.export.Dim("batch", min=1)},)
    program = torch.onnx.export(smaller, (batch,), dynamo=True, dynamic_shapes=shapes)
    assert program is not None
    program.save(tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    (got,) = session.run(None, {session.get_inputs()[0].name: batch[:1].numpy()})
    assert np.abs(got - smaller(batch[:1]).detach().numpy()).max() <= 1e-4


@pytest.mark.parametrize("name", ["resnet20", "mobilenet", "vit"])
def test_a_closed_gate_is_a_removed_unit(name: str) -> None:
    _, captured = sample(name)
    for group in [g for g in find_groups(captured).groups if not g.normalised][:6]:
        network, mask = gated(captured, group), half(group)
        with torch.no_grad():
            assert torch.allclose(network(captured.example), captured.module(captured.example))
            network.get_parameter("gate").copy_(torch.from_numpy(mask))
            closed = network(captured.example)
            removed = remove(captured, {group.name: mask}).module(captured.example)
        assert (closed - removed).abs().max() <= 1e-9, group.name


def test_freed_cost_is_that_of_the_smaller_network() -> None:
    _, captured = sample("resnet20")
    group = find_groups(captured).groups[0]
    mask = np.ones(group.units, bool)
    mask[[2, 5, 11]] = False
    dense, smaller = cost(captured), cost(remove(captured, {group.name: mask}))
    gain = freed(captured, group, [2, 5, 11])
    assert gain.parameters == dense.parameters - smaller.parameters > 0
    assert gain.macs == dense.macs - smaller.macs > 0
    assert gain.bytes == dense.bytes - smaller.bytes > 0


def test_masks_that_do_not_fit_are_refused() -> None:
    _, captured = sample("lenet5")
    with pytest.raises(BadValue, match="20 booleans"):
        remove(captured, {"conv1": np.ones(19, bool)})
    with pytest.raises(BadValue, match="booleans"):
        remove(captured, {"conv1": np.ones(20)})
    with pytest.raises(CannotPrune, match="at least one"):
        remove(captured, {"conv1": np.zeros(20, bool)})


def test_a_wrong_rule_breaks_the_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin of the laws above: were flip to keep its labels in place, the law would say so."""

    def in_place(walk: CouplingWalk, node: torch.fx.Node) -> Value:
        return walk.dims(node.args[0])

    def broken() -> bool:
        network = build("flip_channels").double()
        captured = capture(network, network.example().double())  # type: ignore[union-attr]
        (group,) = find_groups(captured).groups
        mask = np.ones(group.units, bool)
        mask[0] = False
        return not check_law(captured, {group.name: mask}).ok

    assert not broken()
    monkeypatch.setitem(RULES, "flip", in_place)
    assert broken()


@every_picture
def test_smaller_weights_pour_into_the_users_class(name: str) -> None:
    model = architecture(name).eval()
    batch = torch.randn(2, 1, 28, 28)
    captured = capture(model, batch)
    masks = halved(captured)
    smaller = remove(captured, masks).module
    poured = load_pruned(architecture(name), masks, dict(smaller.state_dict()), example=batch)
    assert type(poured) is type(model)
    assert torch.allclose(poured(batch), smaller(batch), atol=1e-5)
    assert {n: p.shape for n, p in poured.named_parameters()} == {
        n: p.shape for n, p in smaller.named_parameters()
    }


def test_a_class_with_sizes_in_its_forward_is_refused() -> None:
    network = build("torch_attention")
    captured = capture(network, network.example())
    with pytest.raises(CannotPrune, match=r"forward\(\) holds a size"):
        load_pruned(network, halved(captured), captured=captured)


def test_a_group_can_be_given_as_itself_or_by_name() -> None:
    _, captured = sample("mlp")
    group: Group = find_groups(captured).groups[0]
    assert check_law(captured, group) == check_law(captured, "fc1")
