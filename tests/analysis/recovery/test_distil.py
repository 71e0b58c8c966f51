"""A few steps towards the dense outputs: the same every time, zeros stay, nothing else moves."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from prunescope.bench.pruned import PruningMasks, selected
from prunescope.bench.workbench import Workbench, prepare
from prunescope.criteria.scores import Scores
from prunescope.recovery import recovered
from prunescope.study import Reference

NETWORKS = Path(__file__).with_name("networks.py")


@pytest.fixture(scope="module")
def bench() -> Workbench:
    return prepare(Reference(f"{NETWORKS}:blobs_model", f"{NETWORKS}:blobs"))


def chosen(bench: Workbench, kind: str) -> PruningMasks:
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    layers = bench.network.prunable()
    if kind == "n:m":
        layers = tuple(layer for layer in layers if layer.summary.takes_blocks(4))
    granularity = "2:4" if kind == "n:m" else "weight"
    masks = {x.parameter: scores.mask("magnitude", x, 0.6, 0, granularity) for x in layers}
    units = {name: scores.units("obs", name, 0.5) for name in scores.groups}
    if kind == "units":
        return PruningMasks(units=units)
    return PruningMasks(masks, units if kind == "both" else {})


def tensors(module: torch.nn.Module) -> dict[str, Tensor]:
    named = [*module.named_parameters(), *module.named_buffers()]
    return {name: tensor.detach().clone() for name, tensor in named}


def apart(
    bench: Workbench, selection: PruningMasks, recovery: str
) -> tuple[float, dict[str, Tensor]]:
    """The distance of the validation logits from the dense ones, and the weights."""
    inputs = bench.splits.validation.inputs
    with torch.no_grad():
        dense = bench.network.module(inputs)
    with selected(bench.network, selection) as left, recovered(bench, recovery, left, selection):
        with torch.no_grad():
            gap = left(inputs) - dense
        return float((gap - gap.mean(1, keepdim=True)).square().mean()), tensors(left)


@pytest.mark.parametrize("kind", ["units", "weights", "n:m", "both"])
def test_steps_help_repeat_and_keep_zeros(bench: Workbench, kind: str) -> None:
    selection, before = chosen(bench, kind), tensors(bench.network.module)
    refitted, start = apart(bench, selection, "refit")
    closer, weights = apart(bench, selection, "distil")
    assert closer < refitted
    _, again = apart(bench, selection, "distil")
    assert all(torch.equal(again[name], weights[name]) for name in weights)
    for name in selection.masks:
        assert torch.equal(weights[name] != 0, start[name] != 0)
        assert not torch.equal(weights[name], start[name])
    statistics = [name for name in weights if name.endswith("running_var")]
    assert all(torch.equal(weights[name], start[name]) for name in statistics)
    after = tensors(bench.network.module)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert not any(p.grad is not None for p in bench.network.module.parameters())
