"""One point by the plain loop: exact counts, weights given back, in any order."""

from dataclasses import asdict

import pytest
import torch

from prunescope.bench.evaluate import compare, evaluate
from prunescope.errors import CannotPrune
from prunescope.replay import naive
from prunescope.replay.engine import deflated_bytes
from prunescope.study import Method
from prunescope.study.removed_counts import removed_count
from prunescope.sweep.naive_sweep import measure
from prunescope.sweep.work_list import points
from tests.analysis.sweep.asked import METHODS, grid, measured, same_state, state


def test_sparsity_0_removes_nothing_and_changes_nothing(tiny_bench):
    for row in measured(tiny_bench, points(grid((0.0,), METHODS), tiny_bench.manifest)).values():
        assert row["removed"] == row["drop_sum"] == row["drop_squares"] == 0
        assert row["entropy_sum"] == row["divergence_sum"] == 0
        assert row["agreements"] == row["samples"] == 60
        assert row["score_sum"] == pytest.approx(60 * tiny_bench.manifest.baseline.score)


def test_sparsity_1_leaves_nothing_and_counts_are_exact(tiny_bench):
    wanted = points(grid((0.07, 0.5, 1.0), METHODS), tiny_bench.manifest)
    for point, row in measured(tiny_bench, wanted).items():
        total = tiny_bench.manifest.layer(point.subject).parameters
        assert row["total"] == total
        assert row["removed"] == removed_count(total, point.sparsity)


def test_a_measurement_is_masking_and_evaluating_by_hand(tiny_bench):
    (point,) = points(grid((0.5,), subjects=("mix",)), tiny_bench.manifest)
    row = measured(tiny_bench, [point])[point]
    weight = tiny_bench.network.module.get_parameter("mix.weight")
    kept = weight.detach().clone()
    order = kept.abs().flatten().argsort(stable=True)[: kept.numel() // 2]
    try:
        with torch.no_grad():
            weight.view(-1)[order] = 0.0
        found = evaluate(
            tiny_bench.network.module, tiny_bench.splits.validation, tiny_bench.metric, 60
        )
    finally:
        with torch.no_grad():
            weight.copy_(kept)
    expected = asdict(compare(tiny_bench.dense, found, tiny_bench.splits.validation.targets, 3))
    assert {name: row[name] for name in expected} == expected


def test_neither_order_nor_company_matters_bit_for_bit(tiny_bench):
    """Masks pile up over levels: Distiller. Here any order gives the same curve."""
    wanted = points(grid((0.2, 0.5, 0.9), METHODS), tiny_bench.manifest)
    forward = measured(tiny_bench, wanted)
    assert measured(tiny_bench, wanted[::-1]) == forward
    shuffled = sorted(wanted, key=lambda p: (str(p.method), -p.sparsity, p.subject))
    assert measured(tiny_bench, shuffled) == forward
    for point in wanted[::7]:
        assert measured(tiny_bench, [point])[point] == forward[point]


def test_weights_are_bit_identical_after_a_sweep(tiny_bench):
    before = state(tiny_bench)
    measured(tiny_bench, points(grid((0.5, 1.0), METHODS), tiny_bench.manifest))
    assert same_state(tiny_bench, before)


@pytest.mark.parametrize("error", [RuntimeError, MemoryError])
def test_weights_are_bit_identical_when_the_evaluation_raises(tiny_bench, monkeypatch, error):
    before = state(tiny_bench)
    wanted = points(grid((0.5,)), tiny_bench.manifest)

    def fail(*args):
        raise error("in the middle")

    monkeypatch.setattr(naive, "evaluate", fail)
    if error is MemoryError:  # that concerns every point
        with pytest.raises(MemoryError, match="in the middle"):
            list(measure(tiny_bench, wanted))
    else:
        for _, reason in measure(tiny_bench, wanted):
            assert isinstance(reason, CannotPrune)
            assert "in the middle" in str(reason)
    assert same_state(tiny_bench, before)


def test_a_generator_that_is_dropped_gives_the_weights_back(tiny_bench):
    before = state(tiny_bench)
    running = measure(tiny_bench, points(grid((0.5, 1.0)), tiny_bench.manifest))
    next(running)
    assert same_state(tiny_bench, before)
    running.close()
    assert same_state(tiny_bench, before)


def test_seeds_are_for_what_is_random(tiny_bench):
    asked = grid((0.5,), (Method("magnitude"), Method("random")), subjects=("conv",), seeds=(1, 2))
    wanted = points(asked, tiny_bench.manifest)
    assert [(str(p.method), p.seed) for p in wanted] == [
        ("magnitude", 0), ("random", 1), ("random", 2),
    ]  # fmt: skip
    one, other = (row for p, row in measured(tiny_bench, wanted).items() if p.seed)
    assert one["divergence_sum"] != other["divergence_sum"]


def test_half_precision_weights_are_deflated_too(tiny_bench):
    module = torch.nn.Linear(64, 64).to(torch.bfloat16)
    dense = deflated_bytes(module, "weight")
    with torch.no_grad():
        module.weight[:32] = 0
    assert deflated_bytes(module, "weight") < dense < 64 * 64 * 2 + 100
