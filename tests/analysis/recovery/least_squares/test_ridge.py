"""The solver against numpy's least squares, and its laws."""

import numpy as np
import pytest
import torch
from torch import Tensor

from prunescope.errors import CannotPrune
from prunescope.recovery.least_squares import ridge
from prunescope.recovery.least_squares.ridge import RIDGE, refit


def problem(seed: int, rows: int = 60, inputs: int = 9, outputs: int = 7) -> tuple[Tensor, Tensor]:
    made = torch.Generator().manual_seed(seed)
    mixed = torch.randn(inputs, inputs, generator=made, dtype=torch.float64)
    x = torch.randn(rows, inputs, generator=made, dtype=torch.float64) @ mixed
    return x, torch.randn(outputs, inputs, generator=made, dtype=torch.float64)


def supports(kind: str, outputs: int = 7, inputs: int = 9) -> Tensor:
    made = torch.Generator().manual_seed(3)
    if kind == "columns":
        return torch.tensor([True, False, True] * 3).expand(outputs, inputs)
    limit = {"many": 0.2, "few": 0.8}[kind]
    return torch.rand(outputs, inputs, generator=made) > limit


@pytest.fixture(params=["direct", "together"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "together":
        monkeypatch.setattr(ridge, "DIRECT", 1)
    return str(request.param)


@pytest.mark.parametrize("kind", ["columns", "many", "few"])
def test_without_ridge_it_is_numpys_least_squares(kind: str, way: str) -> None:
    x, start = problem(0)
    keep = supports(kind)
    gram = x.T @ x / len(x)
    found = refit(gram, start @ gram, start, keep, ridge=0.0)
    assert found.dtype == torch.float64
    targets = (x @ start.T).numpy()
    for row, support in enumerate(keep.numpy()):
        expected = np.zeros(x.shape[1])
        expected[support] = np.linalg.lstsq(x.numpy()[:, support], targets[:, row], rcond=None)[0]
        np.testing.assert_allclose(found[row].numpy(), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", ["columns", "many", "few"])
@pytest.mark.parametrize("seed", range(5))
def test_it_never_adds_to_the_masked_error(kind: str, seed: int, way: str) -> None:
    x, start = problem(seed, rows=6)  # fewer rows than inputs
    keep = supports(kind)
    gram = x.T @ x / len(x)
    found = refit(gram, start @ gram, start, keep)
    assert bool((found[~keep] == 0).all())

    def error(weights: Tensor) -> Tensor:
        return (x @ (weights - start).T).square().sum(0)

    assert bool((error(found) <= error(start * keep) * (1 + 1e-9)).all())
    assert float(error(found).sum()) < 0.9 * float(error(start * keep).sum())


def test_the_ridge_pulls_towards_the_original_weights(way: str) -> None:
    x, start = problem(1)
    keep, gram = supports("many"), x.T @ x / len(x)
    found = refit(gram, start @ gram, start, keep, ridge=1e9)
    torch.testing.assert_close(found, start * keep, rtol=1e-5, atol=1e-6)


def test_nothing_removed_changes_nothing(way: str) -> None:
    x, start = problem(2)
    gram = x.T @ x / len(x)
    found = refit(gram, start @ gram, start, torch.ones_like(start, dtype=torch.bool))
    torch.testing.assert_close(found, start, rtol=1e-6, atol=1e-7)


def test_dead_inputs_keep_their_weights(way: str) -> None:
    x, start = problem(4)
    x[:, 2] = 0
    keep, gram = supports("few"), x.T @ x / len(x)
    found = refit(gram, start @ gram, start, keep)
    torch.testing.assert_close(found[:, 2], (start * keep)[:, 2])
    torch.testing.assert_close(refit(gram * 0, start * 0, start, keep), start * keep)


def test_a_removed_input_that_others_replace_is_made_up_for(way: str) -> None:
    x, start = problem(5)
    x[:, 0] = x[:, 1] - 2 * x[:, 2]
    keep, gram = torch.ones_like(start, dtype=torch.bool), x.T @ x / len(x)
    keep[:, 0] = False
    found = refit(gram, start @ gram, start, keep, ridge=1e-9)
    torch.testing.assert_close(x @ found.T, x @ start.T, rtol=1e-4, atol=1e-4)
    assert RIDGE == 0.01


def test_moments_that_are_not_finite_are_refused() -> None:
    gram, start = torch.full((3, 3), torch.nan), torch.ones(2, 3)
    with pytest.raises(CannotPrune, match="Expected finite activations on calibration inputs"):
        refit(gram, start @ gram, start, torch.ones(2, 3, dtype=torch.bool))
