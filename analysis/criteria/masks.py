"""Turn scores into masks that remove an exact number of weights."""

import torch
from torch import Tensor

from prunescope.errors import BadValue
from prunescope.study.removed_counts import removed_count


def mask(score: Tensor, sparsity: float, per_row: bool = False) -> Tensor:
    """Return which weights to keep: a bool tensor like ``score``, True = keep.

    Exactly ``removed_count(score.numel(), sparsity)`` entries are False, the ones with the lowest
    scores; among equal scores the earlier entry (row-major) goes first.

    Args:
        score: Any shape, higher = keep, not modified.
        sparsity: Fraction removed, 0 to 1.
        per_row: Compare within each output row (dimension 0) instead of the whole layer; every
            row loses the same number, the first rows one more where it does not divide.

    Raises:
        BadValue: A score is NaN.

    >>> mask(torch.tensor([3.0, 1.0, 2.0, 1.0]), 0.5)
    tensor([ True, False,  True, False])
    """
    if bool(score.isnan().any()):
        raise BadValue(
            "Expected finite scores, but some are NaN. Check the model's weights and calibration "
            "data for NaN."
        )
    removed = removed_count(score.numel(), sparsity)
    if not per_row or score.ndim < 2:
        order = score.flatten().argsort(stable=True)
        keep = torch.ones(score.numel(), dtype=torch.bool, device=score.device)
        keep[order[:removed]] = False
        return keep.reshape(score.shape)
    rows = score.flatten(1)
    per_row_count, more = divmod(removed, len(rows))
    rank = rows.argsort(dim=1, stable=True).argsort(dim=1, stable=True)
    quota = torch.full((len(rows), 1), per_row_count, device=score.device)
    quota[:more] += 1
    return (rank >= quota).reshape(score.shape)


def pattern_mask(score: Tensor, kept: int, of: int, dimension: int | None = 1) -> Tensor:
    """Return the n:m mask of ``score``: in every block, the ``kept`` best of ``of`` stay.

    Blocks are ``of`` neighbours along the input dimension, as NVIDIA's sparse tensor cores want
    them; among equal scores the earlier one leaves first.

    Args:
        score: At least two dimensions, higher = keep, not modified.
        kept: How many stay of each block.
        of: The block's size; must divide the input dimension.
        dimension: Which one counts inputs: 1 of ``(out, in, ...)``; None if there is none.

    Raises:
        BadValue: There is no input dimension, or it is no multiple of ``of``.

    >>> pattern_mask(torch.tensor([[4.0, 1.0, 3.0, 2.0]]), 2, 4)
    tensor([[ True, False,  True, False]])
    """
    if dimension is None or score.ndim < 2 or score.shape[dimension] % of:
        raise BadValue(
            f"Expected an input dimension that {of} divides for {kept}:{of}, but got shape "
            f"{tuple(score.shape)} with inputs along {dimension}. Leave this layer out."
        )
    moved = score.movedim(dimension, -1)
    blocks = moved.reshape(*moved.shape[:-1], -1, of)
    rank = blocks.argsort(dim=-1, stable=True).argsort(dim=-1, stable=True)
    return (rank >= of - kept).reshape(moved.shape).movedim(-1, dimension).contiguous()
