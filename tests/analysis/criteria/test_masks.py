"""Masks: exact counts, ties by place, and the same law for rows."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from prunescope.criteria.masks import mask
from prunescope.errors import BadValue
from prunescope.study.removed_counts import removed_count

pytestmark = pytest.mark.quick

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple)
SPARSITIES = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 1.0]))


@given(SHAPES, SPARSITIES, st.booleans(), st.integers(1, 4))
def test_count_is_exact_whatever_ties(shape, sparsity, per_row, levels):
    """Wanda's and SparseGPT's reference code remove one too many where scores tie."""
    made = torch.Generator().manual_seed(len(shape))
    score = torch.randint(0, levels, shape, generator=made).float()
    keep = mask(score, sparsity, per_row)
    assert keep.shape == score.shape
    assert keep.dtype == torch.bool
    assert int((~keep).sum()) == removed_count(score.numel(), sparsity)


@given(SHAPES, st.booleans())
def test_sparsity_0_removes_nothing_and_1_everything(shape, per_row):
    """Origin: the threshold in SparseGPT's code prunes at sparsity 0."""
    score = torch.zeros(shape)
    assert bool(mask(score, 0.0, per_row).all())
    assert not bool(mask(score, 1.0, per_row).any())


@given(SHAPES, SPARSITIES, st.booleans())
def test_no_kept_weight_scores_below_a_removed_one(shape, sparsity, per_row):
    score = torch.rand(shape, generator=torch.Generator().manual_seed(3))
    keep = mask(score, sparsity, per_row)
    rows = score.flatten(1) if per_row and score.ndim > 1 else score.reshape(1, -1)
    for row, kept in zip(rows, keep.reshape(rows.shape), strict=True):
        if kept.any() and not kept.all():
            assert row[kept].min() >= row[~kept].max()


@given(SHAPES, st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_masks_are_nested(shape, one, other, per_row):
    """What a low sparsity removes, a higher one removes too: masks do not pile up (Distiller)."""
    score = torch.rand(shape, generator=torch.Generator().manual_seed(5))
    low, high = sorted((one, other))
    assert bool((mask(score, low, per_row) | ~mask(score, high, per_row)).all())


def test_rows_lose_alike_and_the_first_ones_the_rest():
    keep = mask(torch.rand(4, 6), 0.25, per_row=True)  # 6 of 24 leave: 1 each and 2 more
    assert (~keep).sum(1).tolist() == [2, 2, 1, 1]


def test_score_is_not_written_to():
    score = torch.rand(5, 5)
    before = score.clone()
    mask(score, 0.5)
    assert torch.equal(score, before)


def test_infinite_scores_are_ordered():
    score = torch.tensor([torch.inf, -torch.inf, 0.0])
    assert mask(score, 0.34).tolist() == [True, False, True]


def test_nan_scores_are_refused():
    with pytest.raises(BadValue, match=r"Expected finite scores, but some are NaN\. Check"):
        mask(torch.tensor([0.0, torch.nan]), 0.5)


def test_percent_is_refused():
    with pytest.raises(BadValue, match=r"Write a fraction instead of percent: 0\.5\."):
        mask(torch.ones(4), 50)
