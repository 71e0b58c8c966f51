"""Masks on weights for a while: the weights come back bit for bit, whatever happens inside."""

import pytest
import torch

from prunescope.bench.pruned import pruned, select, selected
from prunescope.criteria.scores import Scores
from prunescope.errors import BadValue, UnknownName
from prunescope.study.plan import Choice, Plan


def state(bench):
    return {name: tensor.clone() for name, tensor in bench.network.module.state_dict().items()}


def same(one, other):
    """Equal as bits: -0.0 is not 0.0."""
    return one.keys() == other.keys() and all(
        torch.equal(a.flatten().view(torch.uint8), other[name].flatten().view(torch.uint8))
        for name, a in one.items()
    )


def masks(bench, keep):
    return {
        layer.parameter: torch.full(layer.summary.shape, keep) for layer in bench.network.prunable()
    }


@pytest.mark.parametrize("keep", [True, False])
def test_weights_come_back_bit_for_bit(tiny_bench, keep):
    module, before = tiny_bench.network.module, state(tiny_bench)
    with pruned(module, masks(tiny_bench, keep)):
        assert same(state(tiny_bench), before) == keep
    assert same(state(tiny_bench), before)


def test_negative_zeros_and_odd_values_come_back(tiny_bench):
    module = tiny_bench.network.module
    name = tiny_bench.network.prunable()[0].parameter
    weight = module.get_parameter(name)
    kept = weight.detach().clone()
    try:
        with torch.no_grad():
            weight.view(-1)[:3] = torch.tensor([-0.0, 1e-42, torch.nan])
        before = state(tiny_bench)
        with pruned(module, {name: torch.zeros(weight.shape, dtype=torch.bool)}):
            assert weight.abs().sum() == 0
        assert same(state(tiny_bench), before)
    finally:
        with torch.no_grad():
            weight.copy_(kept)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_weights_come_back_when_the_block_raises(tiny_bench, error):
    before = state(tiny_bench)
    with pytest.raises(error), pruned(tiny_bench.network.module, masks(tiny_bench, False)):
        raise error
    assert same(state(tiny_bench), before)


def test_a_mask_of_another_shape_is_refused_and_nothing_changes(tiny_bench):
    before = state(tiny_bench)
    wrong = masks(tiny_bench, False)
    wrong[list(wrong)[-1]] = torch.ones(2, dtype=torch.bool)
    with (
        pytest.raises(BadValue, match=r"to have shape \(3, 24\), but got \(2,\)"),
        pruned(tiny_bench.network.module, wrong),
    ):
        pytest.fail("entered")
    assert same(state(tiny_bench), before)


def test_exactly_the_masked_weights_are_zero(tiny_bench):
    scores = Scores(tiny_bench.network, tiny_bench.splits.calibration)
    layer = tiny_bench.network.prunable()[1]
    keep = scores.mask("magnitude", layer, 0.3)
    before = tiny_bench.network.module.get_parameter(layer.parameter).detach().clone()
    with pruned(tiny_bench.network.module, {layer.parameter: keep}) as module:
        now = module.get_parameter(layer.parameter)
        assert torch.equal(now == 0, ~keep)
        assert torch.equal(now[keep], before[keep])


def plan(bench, **choices):
    return Plan("p", bench.manifest.fingerprint, choices)


def test_a_plan_of_zeros_selects_nothing(tiny_bench):
    chosen = select(
        plan(tiny_bench, conv=Choice("magnitude", 0.0)),
        Scores(tiny_bench.network, tiny_bench.splits.calibration),
    )
    before = state(tiny_bench)
    with selected(tiny_bench.network, chosen):
        assert same(state(tiny_bench), before)


def test_a_plan_selects_exact_counts(tiny_bench):
    chosen = select(
        plan(tiny_bench, conv=Choice("magnitude", 0.5), head=Choice("wanda", 0.25)),
        Scores(tiny_bench.network, tiny_bench.splits.calibration),
    )
    assert {name: int((~keep).sum()) for name, keep in chosen.masks.items()} == {
        "conv.weight": 18,
        "head.weight": 18,
    }


def test_a_plan_with_an_unknown_criterion_names_the_closest(tiny_bench):
    with pytest.raises(UnknownName, match="Closest: magnitude"):
        select(
            plan(tiny_bench, conv=Choice("magnitute", 0.5)),
            Scores(tiny_bench.network, tiny_bench.splits.calibration),
        )
