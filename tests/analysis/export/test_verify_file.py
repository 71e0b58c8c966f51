"""What counts as the same: outputs within a tolerance, scores but for ties, zeros exactly."""

import math

import numpy as np
import torch

from prunescope.bench.evaluate import Outcome
from prunescope.export.promise import Promise
from prunescope.export.verify_file import _zeros, difference, excess, ties, tolerance


def test_difference_is_relative_to_the_largest_value() -> None:
    one = torch.tensor([[100.0, 1.0]])
    assert difference(one, one) == 0
    assert math.isclose(difference(one, one + 1.0), 0.01)
    assert math.isclose(difference({"a": one, "b": (one,)}, {"a": one, "b": (one + 1.0,)}), 0.01)


def test_difference_is_infinite_where_there_is_nothing_to_compare() -> None:
    one = torch.tensor([1.0, math.nan])
    assert difference(one, one) == 0
    assert difference(one, torch.tensor([1.0, 2.0])) == math.inf
    assert difference(torch.tensor([1.0, 2.0]), one) == math.inf
    assert difference(torch.tensor([math.inf]), torch.tensor([-math.inf])) == math.inf
    assert difference(torch.zeros(2), torch.zeros(1, 2)) == math.inf
    assert difference(torch.tensor([1]), torch.tensor([2])) == math.inf


def test_a_tie_is_two_classes_within_rounding() -> None:
    known = torch.tensor([[-1.0, -1.00001, -5.0], [-0.1, -3.0, -3.5]])
    outcome = Outcome(torch.ones(2), torch.ones(2, dtype=torch.bool), known)
    assert ties(outcome, 1e-4).tolist() == [True, False]
    assert not ties(Outcome(torch.ones(2), torch.ones(2, dtype=torch.bool)), 1e-4).any()


def test_the_tolerance_is_four_roundings_and_never_below_the_usual() -> None:
    assert tolerance(torch.float32) == tolerance(torch.float64) == 1e-4
    assert tolerance(torch.float16) == 4 / 1024
    assert tolerance(torch.bfloat16) == 4 / 128


def test_every_output_is_held_to_the_tolerance_of_its_own_type() -> None:
    off = 1 + 2 / 1024
    half, full = torch.ones(2, dtype=torch.float16), torch.ones(2)
    assert excess((half, full), (half * off, full)) == 0.5
    assert excess((half, full), (half, full * off)) > 1
    assert excess((half, torch.tensor([1])), (half, torch.tensor([2]))) == math.inf


def promised(zeros: dict[str, np.ndarray]) -> Promise:
    nothing = torch.zeros(1)
    outcome = Outcome(nothing, nothing.bool())
    return Promise(
        nothing, nothing, nothing, None, None, 1, outcome, zeros, zeros, "", 0, 0, 0, 1  # type: ignore[arg-type]
    )  # fmt: skip


def test_zeros_are_found_under_their_name_or_transposed() -> None:
    where = np.array([[True, False, True], [False, False, True]])
    wanted = promised({"fc.weight": where})
    assert _zeros({"fc.weight": where}, wanted, folded=False).ok
    assert _zeros({"val_3": where.T}, wanted, folded=False).ok


def test_a_zero_too_few_or_too_many_is_found() -> None:
    where = np.array([[True, False, True], [False, False, True]])
    wanted = promised({"fc.weight": where})
    fewer, more = where.copy(), where.copy()
    fewer[0, 0], more[0, 1] = False, True
    assert not _zeros({"fc.weight": fewer}, wanted, folded=True).ok
    assert not _zeros({"fc.weight": more}, wanted, folded=False).ok
    assert _zeros({"fc.weight": more}, wanted, folded=True).ok
    assert not _zeros({}, wanted, folded=True).ok
