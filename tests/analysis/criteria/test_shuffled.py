"""The shuffled control: rows lose what the criterion has them lose, at random which."""

import pytest
import torch

from prunescope.bench.workbench import Workbench
from prunescope.criteria.registry import criterion, criterion_names
from prunescope.criteria.scores import Scores
from prunescope.study import is_control

pytestmark = pytest.mark.quick


def scores_of(bench: Workbench) -> Scores:
    return Scores(bench.network, bench.splits.calibration, bench.groups)


def test_every_criterion_of_weights_has_a_twin_and_no_other() -> None:
    plain = {n for n in criterion_names() if not is_control(n) and criterion(n).weights}
    twins = {n for n in criterion_names() if n.startswith("shuffled-")}
    assert twins == {f"shuffled-{name}" for name in plain}
    assert all(criterion(name).units is None and criterion(name).seeded for name in twins)


def test_rows_lose_as_many_and_masks_grow(mlp: Workbench) -> None:
    scores = scores_of(mlp)
    for layer in mlp.network.prunable():
        before = None
        for sparsity in (0.0, 0.3, 0.6, 0.9, 1.0):
            plain = scores.mask("magnitude", layer, sparsity)
            mixed = scores.mask("shuffled-magnitude", layer, sparsity)
            assert torch.equal(plain.flatten(1).sum(1), mixed.flatten(1).sum(1))
            assert before is None or not bool((mixed & ~before).any())
            before = mixed
            if 0 < sparsity < 1:
                assert not torch.equal(plain, mixed)


def test_it_depends_on_the_seed_and_on_nothing_else(mlp: Workbench) -> None:
    layer = mlp.network.prunable()[0]
    one, same = scores_of(mlp), scores_of(mlp)
    first = one.mask("shuffled-magnitude", layer, 0.5, seed=1)
    assert torch.equal(first, same.mask("shuffled-magnitude", layer, 0.5, seed=1))
    assert not torch.equal(first, one.mask("shuffled-magnitude", layer, 0.5, seed=2))


def test_within_a_row_it_is_chance(mlp: Workbench) -> None:
    """What stays is hardly larger than the row's mean; of the criterion's own choice it is."""
    layer = mlp.network.prunable()[0]
    weight = mlp.network.module.get_parameter(layer.parameter).detach().abs()
    relative = weight / weight.mean(1, keepdim=True)
    scores = scores_of(mlp)
    plain = scores.mask("magnitude", layer, 0.5)
    mixed = scores.mask("shuffled-magnitude", layer, 0.5)
    assert abs(float(relative[mixed].mean()) - 1) < 0.02
    assert float(relative[plain].mean()) > 1.3
