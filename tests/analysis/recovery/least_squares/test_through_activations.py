"""A refit through activations: exact where there is none, better behind one, whole through sums."""

import pytest
import torch
from torch import Tensor, nn

from prunescope.capture.graph import capture
from prunescope.moments.weight_operators import Site, find_sites
from prunescope.recovery.least_squares.ridge import RIDGE
from prunescope.recovery.least_squares.tails import Tail, tail_of
from prunescope.recovery.least_squares.through_activations import Rows, refit_through

pytestmark = pytest.mark.quick


class Chain(nn.Module):
    """A layer with a bias, a batch norm, a sum and one of several activations."""

    def __init__(self, function: nn.Module) -> None:
        super().__init__()
        self.early, self.layer, self.norm = nn.Linear(6, 5), nn.Linear(6, 5), nn.BatchNorm1d(5)
        self.function, self.late = function, nn.Linear(5, 2)
        nn.init.uniform_(self.norm.weight, 0.5, 1.5)
        nn.init.uniform_(self.norm.running_var, 0.5, 2.0)

    def forward(self, x: Tensor) -> Tensor:
        other = self.early(x)
        return self.late(self.function(self.norm(self.layer(x)) + other))


def chain(function: nn.Module) -> tuple[Site, Tail, Tail, Tail]:
    torch.manual_seed(0)
    module = capture(Chain(function).eval(), torch.randn(4, 6)).module
    sites = {site.parameter: site for site in find_sites(module).values()}
    names = ("layer.weight", "early.weight", "late.weight")
    return (sites["layer.weight"], *(tail_of(sites[name]) for name in names))


def test_what_follows_a_layer_is_read_off_the_graph() -> None:
    _, layer, early, late = chain(nn.ReLU())
    assert [layer.norm is not None, layer.other is not None] == [True, True]
    assert layer.activation is not None
    for tail in (early, late):  # what is added to the first comes later
        assert [tail.norm, tail.other, tail.activation] == [None, None, None]


def rows(count: int = 60) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(1)
    inputs = torch.randn(count, 1, 6, dtype=torch.float64) @ torch.randn(6, 6).double()
    start = torch.randn(1, 5, 6, dtype=torch.float64)
    return inputs, start, torch.randn(count, 5, dtype=torch.float64)


@pytest.mark.parametrize("masked", [False, True])
def test_without_activation_it_is_dense_least_squares(masked: bool) -> None:
    site = chain(nn.ReLU())[0]
    inputs, start, target = rows()
    keep = torch.rand(1, 5, 6) > 0.4 if masked else None
    start = start if keep is None else start * keep
    made, shift = refit_through(site, [Rows(inputs, target)], Tail(), None, start, keep)
    assert shift is not None
    x = inputs[:, 0] - inputs[:, 0].mean(0)
    y = target - target.mean(0)
    for row in range(5):
        inside = torch.ones(6, dtype=torch.bool) if keep is None else keep[0, row]
        part = x[:, inside]
        read = torch.ones(6, dtype=torch.bool) if keep is None else keep[0].any(0)
        level = (RIDGE * x.square().mean(0)[read].mean() * len(x)).sqrt()
        pull = level * torch.eye(int(inside.sum())).double()
        left = torch.cat([part, pull])
        right = torch.cat([y[:, row], pull @ start[0, row, inside]])
        expected = torch.linalg.lstsq(left, right).solution
        torch.testing.assert_close(made[0, row, inside], expected, rtol=1e-6, atol=1e-8)
        assert not made[0, row, ~inside].any()
    gone = (inputs[:, 0] @ made[0].T + shift - target).mean(0)
    torch.testing.assert_close(gone, torch.zeros(5).double(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("function", [nn.ReLU(), nn.GELU(), nn.Hardtanh(), nn.Hardswish()])
def test_outputs_behind_the_activation_come_closer(function: nn.Module) -> None:
    site, tail, *_ = chain(function)
    inputs, start, _ = rows(200)
    torch.manual_seed(2)
    target = inputs[:, 0] @ start[0].T / 4 + torch.randn(200, 5).double() / 2
    alone = Tail(activation=tail.activation)
    plain, plain_shift = refit_through(site, [Rows(inputs, target)], Tail(), None, start, None)
    made, shift = refit_through(site, [Rows(inputs, target)], alone, None, start, None)

    def errors(matrix: Tensor, moved: Tensor | None) -> Tensor:
        assert moved is not None
        got = function(inputs[:, 0] @ matrix[0].T + moved)
        return (got - function(target)).square().mean(0)

    after, before = errors(made, shift), errors(plain, plain_shift)
    assert bool((after <= before * (1 + 1e-9)).all())  # each output by itself
    assert float(after.sum()) < 0.99 * float(before.sum())


def test_a_layer_makes_up_for_what_is_added_to_it() -> None:
    """What the other operand lacks is a function of the inputs, so the sum can be right again."""
    site, tail, *_ = chain(nn.ReLU())
    inputs, start, _ = rows(200)
    scale, shift = torch.rand(5).double() + 0.5, torch.randn(5).double()
    lacking = inputs[:, 0] @ torch.randn(6, 5).double()
    added = torch.randn(200, 5).double()
    target = inputs[:, 0] @ start[0].T
    summed = Tail(norm=tail.norm, other=tail.other)
    part = Rows(inputs, target, added, added + lacking)
    made, moved = refit_through(site, [part], summed, (scale, shift), start, None)
    assert moved is not None
    dense = target * scale + shift + added + lacking
    got = (inputs[:, 0] @ made[0].T + moved) * scale + shift + added
    before = (dense - (target * scale + shift + added)).square().mean()
    assert float((dense - got).square().mean()) < 1e-3 * float(before)
