"""ALPS: what stays, refitted, keeps outputs better than what Wanda or magnitude keep."""

import itertools

import pytest
import torch
from torch import nn

from prunescope.capture.network import build_network
from prunescope.criteria.alternating import LADDER, Matrix, leaving_order
from prunescope.criteria.evidence import Evidence
from prunescope.criteria.masks import mask
from prunescope.criteria.registry import criterion
from prunescope.errors import BadValue
from prunescope.recovery.least_squares.ridge import refit
from prunescope.sources.data import Samples


def correlated(width: int, groups: int = 1) -> torch.Tensor:
    made = torch.Generator().manual_seed(3)
    mix = torch.randn(groups, width, width, generator=made, dtype=torch.float64)
    few = mix[:, :, : width // 3] @ mix[:, :, : width // 3].transpose(1, 2)
    return few + 0.3 * torch.eye(width, dtype=torch.float64)


def weights(groups: int, outputs: int, width: int) -> torch.Tensor:
    made = torch.Generator().manual_seed(5)
    return torch.randn(groups, outputs, width, generator=made, dtype=torch.float64)


def error(weight: torch.Tensor, gram: torch.Tensor, keep: torch.Tensor) -> float:
    """Of the outputs, after the refit on what stays."""
    fitted = refit(gram, weight @ gram, weight, keep)
    return float(((fitted - weight) @ gram * (fitted - weight)).sum())


def test_few_weights_are_nearly_the_best_of_all_choices() -> None:
    gram, weight = correlated(8), weights(1, 1, 8)
    keep = mask(leaving_order([Matrix(weight, gram)])[0], 0.5)[0]
    every = []
    for staying in itertools.combinations(range(8), 4):
        chosen = torch.zeros(1, 8, dtype=torch.bool)
        chosen[0, list(staying)] = True
        every.append(error(weight[0], gram[0], chosen))
    assert error(weight[0], gram[0], keep) <= sorted(every)[2]


@pytest.mark.parametrize("sparsity", [0.5, 0.8, 0.9])
def test_it_keeps_outputs_better_than_the_others(sparsity: float) -> None:
    gram, weight = correlated(48), weights(1, 12, 48)
    powers = gram.diagonal(dim1=1, dim2=2).sqrt()[:, None, :]
    rivals = [weight.abs(), weight.abs() * powers]
    own = error(weight[0], gram[0], mask(leaving_order([Matrix(weight, gram)])[0], sparsity)[0])
    least = min(error(weight[0], gram[0], mask(rival, sparsity)[0]) for rival in rivals)
    assert own < 0.9 * least


def test_parts_of_one_parameter_are_compared_with_each_other() -> None:
    """Of two parts, the one whose outputs are a hundred times larger keeps its weights."""
    gram, weight = correlated(12), weights(1, 4, 12)
    keep = mask(torch.stack(leaving_order([Matrix(weight / 100, gram), Matrix(weight, gram)])), 0.5)
    assert keep[1].double().mean() > 0.8


def test_an_input_that_is_always_zero_loses_its_weights_early() -> None:
    gram, weight = correlated(9), weights(1, 3, 9)
    gram[:, 4, :] = gram[:, :, 4] = 0
    order = leaving_order([Matrix(weight, gram)])[0]
    assert {4, 13, 22} <= set(order.flatten().argsort()[:9].tolist())


def test_a_matrix_without_activations_is_ordered_too() -> None:
    order = leaving_order([Matrix(weights(1, 3, 9), torch.zeros(1, 9, 9, dtype=torch.float64))])[0]
    assert bool(order.isfinite().all())


def test_moments_that_are_not_finite_are_refused_in_a_sentence() -> None:
    gram, weight = correlated(9), weights(1, 3, 9)
    gram[0, 2, 5] = torch.nan
    with pytest.raises(BadValue, match="Expected finite scores, but some are NaN"):
        mask(leaving_order([Matrix(weight, gram)])[0], 0.5)


def test_a_matrix_that_rounding_left_without_an_inverse_is_ordered_too() -> None:
    gram, weight = correlated(9), weights(1, 3, 9)
    gram[0] -= (0.3 + 0.05 * gram[0].diagonal().mean()) * torch.eye(9)
    assert torch.linalg.eigvalsh(gram[0])[0] < 0
    order = leaving_order([Matrix(weight, gram)])[0]
    assert bool(order.isfinite().all())


def test_rungs_are_nested_and_wide_matrices_are_ordered_by_price() -> None:
    gram, weight = correlated(30), weights(1, 10, 30)
    order = leaving_order([Matrix(weight, gram)])[0]
    staying = [mask(order, sparsity) for sparsity in LADDER]
    for more, fewer in itertools.pairwise(staying):
        assert not bool((fewer & ~more).any())
    wide = torch.eye(2001, dtype=torch.float64)[None]
    few = weights(1, 2, 2001)
    by_price = leaving_order([Matrix(few, wide)])[0].flatten().argsort()
    assert torch.equal(by_price, few.abs().flatten().argsort())


def test_every_layer_of_a_network_is_scored() -> None:
    """Convolutions with groups, packed projections, tables and recurrent layers."""

    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(11, 8)
            self.conv = nn.Conv1d(8, 8, 3, padding=1, groups=4)
            self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
            self.remember = nn.GRU(8, 6, batch_first=True)
            self.head = nn.Linear(6, 3)

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            x = self.table(tokens)
            x = self.conv(x.transpose(1, 2)).transpose(1, 2).relu()
            x = x + self.attend(x, x, x, need_weights=False)[0]
            return self.head(self.remember(x)[0][:, -1])

    torch.manual_seed(0)
    inputs = torch.randint(0, 11, (64, 7))
    network = build_network(Mixed().eval(), inputs[:2])
    before = {name: value.clone() for name, value in network.module.named_parameters()}
    rule = criterion("alps")
    assert rule.weights is not None
    scores = rule.weights(Evidence(network, Samples(inputs)))
    assert set(scores) == {layer.parameter for layer in network.prunable()}
    for name, score in scores.items():
        assert score.shape == network.module.get_parameter(name).shape
        assert bool(score.isfinite().all())
    for name, value in network.module.named_parameters():
        assert torch.equal(value, before[name])
