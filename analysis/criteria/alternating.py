"""In which order weights leave a matrix so that what stays, refitted, keeps its outputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from prunescope.moments.second_moments import DIRECT, RIDGE

LADDER: Final = (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
"""Sparsities at which the weights that stay are chosen anew among those that stayed before."""
_ROUNDS: Final = 40
_PENALTY: Final = 0.1
_GROWTH: Final = 1.3
_GROWS_EVERY: Final = 3
_WORK: Final = 400_000_000_000
"""Products for one parameter, at most: wide matrices get fewer rounds."""
_TINY: Final = 1e-300


@dataclass(frozen=True, eq=False)
class Matrix:
    """Rows of weights that read the same inputs.

    Attributes:
        weight: ``(groups, outputs, inputs)`` float64, not modified.
        gram: ``(groups, inputs, inputs)`` float64, second moments of the inputs, not modified.
    """

    weight: Tensor
    gram: Tensor


def leaving_order(matrices: Sequence[Matrix]) -> list[Tensor]:
    """Return, shaped like each weight, a score by which weights leave: lowest first.

    The weights that stay at a sparsity s minimise ``Σ tr((W − W⁰) H (W − W⁰)ᵀ)`` over all
    matrices together, at most a share 1 − s of W other than zero, by alternating directions:
    ``X = (W⁰H − V + ρD)(H + ρI)⁻¹``, D the largest entries of ``X + V/ρ``, ``V += ρ(X − D)``, with
    inputs scaled to equal power and a growing ρ. Rungs of ``LADDER`` follow each other, each
    choosing among what the one before kept, so one order serves every sparsity; between two rungs
    the entries that are smallest at the lower one leave first. Matrices that are too wide for the
    work get fewer rounds; without any, weights leave by ``w²/[H⁻¹]``, what their single removal
    costs.

    Args:
        matrices: Parts of one parameter, compared with each other. NaN for all of them where
            moments are not finite, which masks refuse.

    Source: Meng et al. 2024, *ALPS* (arXiv 2406.07831), section 3; the first order is that of
    Frantar & Alistarh 2023, *SparseGPT* (arXiv 2301.00774). Here nested over a ladder.
    """
    if not all(bool(matrix.gram.isfinite().all()) for matrix in matrices):
        return [torch.full_like(matrix.weight, torch.nan) for matrix in matrices]
    parts = [_Part(matrix) for matrix in matrices]
    size = _joined([part.price for part in parts])
    alive = torch.ones(len(size), dtype=torch.bool)
    rung, order = torch.zeros_like(size), size
    rounds = _rounds(matrices)
    for number, sparsity in enumerate(LADDER if rounds else (), start=1):
        stay = round((1 - sparsity) * len(size))
        kept = _largest(size, alive, stay)
        for part, own in zip(parts, _split(kept, matrices), strict=True):
            part.begin(own)
        penalty = _PENALTY
        for turn in range(rounds):
            sought = _joined([part.fitted(penalty) for part in parts])
            kept = _largest(sought.abs(), alive, stay)
            chosen = _split(torch.where(kept, sought, 0.0), matrices)
            for part, own in zip(parts, chosen, strict=True):
                part.take(own, penalty)
            if turn % _GROWS_EVERY == _GROWS_EVERY - 1:
                penalty *= _GROWTH
        alive, size = kept, _joined([part.chosen.abs() for part in parts])
        rung[kept], order = number, torch.where(kept, size, order)
    return _split(rung + order / (2 * order.max()).clamp_min(_TINY), matrices)


class _Part:
    """One matrix under way, its inputs scaled to equal power."""

    def __init__(self, matrix: Matrix) -> None:
        width = matrix.gram.shape[-1]
        level = matrix.gram.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]
        gram = matrix.gram + (RIDGE * level).clamp_min(_TINY) * torch.eye(
            width, dtype=torch.float64
        )
        power = gram.diagonal(dim1=1, dim2=2).sqrt()
        self._gram = gram / power[:, :, None] / power[:, None, :]
        self._weight = matrix.weight * power[:, None, :]
        self.price = self._weight.square() / _inverse_diagonal(self._gram)[:, None, :]
        self.chosen = self._weight
        if width <= DIRECT:
            self._begun()

    def _begun(self) -> None:
        self._values, self._vectors = torch.linalg.eigh(self._gram)
        self._wanted = self._weight @ self._gram
        self._unpaid = torch.zeros_like(self._weight)

    def begin(self, kept: Tensor) -> None:
        """Start a rung from what the one before chose."""
        self.chosen = torch.where(kept, self.chosen, 0.0)
        self._unpaid.zero_()

    def fitted(self, penalty: float) -> Tensor:
        """Fit all weights to the outputs and to what was chosen."""
        right = self._wanted - self._unpaid + penalty * self.chosen
        turned = right @ self._vectors / (self._values + penalty)[:, None, :]
        self._free = turned @ self._vectors.transpose(1, 2)
        sought: Tensor = self._free + self._unpaid / penalty
        return sought

    def take(self, chosen: Tensor, penalty: float) -> None:
        """Choose, and note what the free fit differs by."""
        self.chosen = chosen
        self._unpaid += penalty * (self._free - chosen)


def _inverse_diagonal(gram: Tensor) -> Tensor:
    """The diagonal of each inverse; ones where rounding left a matrix that has none."""
    factor, failed = torch.linalg.cholesky_ex(gram)
    inverse = torch.cholesky_inverse(factor).diagonal(dim1=1, dim2=2)
    return torch.where((failed == 0)[:, None], inverse, torch.ones_like(inverse))


def _rounds(matrices: Sequence[Matrix]) -> int:
    """How many rounds the work leaves for each rung."""
    widest = max(matrix.gram.shape[-1] for matrix in matrices)
    once = sum(2 * matrix.weight.numel() * matrix.gram.shape[-1] for matrix in matrices)
    return 0 if widest > DIRECT else min(_WORK // (once * len(LADDER)), _ROUNDS)


def _largest(size: Tensor, alive: Tensor, count: int) -> Tensor:
    """Mark the ``count`` largest of those that are alive."""
    kept = torch.zeros_like(alive)
    kept[torch.where(alive, size, -1.0).topk(count, sorted=False).indices] = True
    return kept


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat([part.flatten() for part in parts])


def _split(whole: Tensor, matrices: Sequence[Matrix]) -> list[Tensor]:
    counts = [matrix.weight.numel() for matrix in matrices]
    parts = zip(torch.split_with_sizes(whole, counts), matrices, strict=True)
    return [part.reshape(matrix.weight.shape) for part, matrix in parts]
