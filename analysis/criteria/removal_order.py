"""In which order units leave their readers, each time the one that costs least after a refit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from prunescope.moments.second_moments import RIDGE

_ROUNDS: Final = 512


@dataclass(frozen=True, eq=False)
class ReaderBlock:
    """A matrix that multiplies the activations of units, among others.

    Attributes:
        weight: ``(outputs, inputs)`` float64, not modified.
        gram: ``(inputs, inputs)`` float64, second moments of the inputs, not modified.
        unit_of: ``(inputs,)`` int64, the unit that each input belongs to; -1 for no unit.
    """

    weight: Tensor
    gram: Tensor
    unit_of: Tensor


Reader = Sequence[ReaderBlock]
"""The blocks of one operator: groups of a convolution, or parts of very many inputs."""


def removal_order(readers: Sequence[Reader], units: int) -> Tensor:
    """Return ``(units,)`` int64: the units in the order in which they should leave.

    The unit that leaves next is the one with the smallest sum over readers of
    ``tr(W_B ([H⁻¹]_BB)⁻¹ W_Bᵀ) / tr(W⁰ H W⁰ᵀ)``, B its inputs: the squared error that its removal
    adds to the reader's outputs once the weights that stay are refitted, as a share of the outputs.
    They are refitted indeed, ``W −= W_B ([H⁻¹]_BB)⁻¹ H⁻¹_B·``, and H⁻¹ is downdated likewise, so
    the next price counts what has left already. Among equal prices the earlier unit leaves first.
    Above 512 units several leave at a time, at most 512 times; their prices are of the same moment.

    Args:
        readers: Of the units; one without any error to make (no activations) costs nothing.
        units: How many there are.

    Source: Hassibi & Stork 1993, *Optimal brain surgeon*; for whole units Kurtic et al. 2023,
    *ZipLM* (arXiv 2302.04089), section 3.1. Here over all readers of a group, and until none is
    left, so one order serves every sparsity.
    """
    blocks = [_Shrinking(block, share, units) for block, share in _shares(readers)]
    together = math.ceil(units / _ROUNDS)
    stay, order = torch.arange(units), []
    while len(stay):
        prices = torch.zeros(len(stay), dtype=torch.float64)
        for block in blocks:
            prices += block.prices(stay)
        leaving = prices.argsort(stable=True)[:together]
        order.append(stay[leaving])
        rest = torch.ones(len(stay), dtype=torch.bool)
        rest[leaving] = False
        stay = stay[rest]
        if len(stay):
            for block in blocks:
                block.remove(order[-1])
    return torch.cat(order)


def _shares(readers: Sequence[Reader]) -> list[tuple[ReaderBlock, float]]:
    """Each block with the inverse of its reader's squared outputs."""
    pairs = []
    for reader in readers:
        size = sum(float((block.weight @ block.gram * block.weight).sum()) for block in reader)
        if size > 0:
            pairs += [(block, 1 / size) for block in reader]
    return pairs


class _Shrinking:
    """One block while units leave it."""

    def __init__(self, block: ReaderBlock, share: float, units: int) -> None:
        counts = torch.bincount(block.unit_of[block.unit_of >= 0], minlength=units)
        most = int(counts.max())
        spare = most - int(counts.min())  # inputs that change nothing, where units differ in size
        width = len(block.gram)
        size, self._width = width + spare, width
        level = RIDGE * float(block.gram.diagonal().mean())
        inverse = torch.eye(size, dtype=torch.float64)
        system = block.gram + level * torch.eye(width, dtype=torch.float64)
        inverse[:width, :width] = torch.cholesky_inverse(torch.linalg.cholesky(system))
        self._inverse = inverse
        self._weight = torch.cat(
            [block.weight, block.weight.new_zeros(len(block.weight), spare)], 1
        )
        self._share = share
        self._inputs = torch.empty(units, most, dtype=torch.int64)
        for unit in range(units):
            own = (block.unit_of == unit).nonzero().flatten()
            self._inputs[unit] = torch.cat([own, torch.arange(width, width + most - len(own))])

    def prices(self, stay: Tensor) -> Tensor:
        """What removing each of the units ``stay`` alone would cost."""
        own = self._inputs[stay]
        parts = self._inverse[own.unsqueeze(2), own.unsqueeze(1)]
        weights = self._weight[:, own].permute(1, 2, 0)
        if parts.shape[1] == 1:
            return self._share * weights.square().sum((1, 2)) / parts.flatten()
        factor, _ = torch.linalg.cholesky_ex(parts)
        solved: Tensor = torch.linalg.solve_triangular(factor, weights, upper=False)
        return self._share * solved.square().sum((1, 2))

    def remove(self, units: Tensor) -> None:
        """Take ``units`` out and refit what stays."""
        own = self._inputs[units].flatten().sort().values
        own = own[own < self._width]
        rows = self._inverse[own]
        factor, failed = torch.linalg.cholesky_ex(rows[:, own])
        if not int(failed):
            solved = torch.cholesky_solve(rows, factor)
            self._weight -= self._weight[:, own] @ solved
            self._inverse -= rows.T @ solved
        self._weight[:, own] = 0
        self._inverse[own] = 0
        self._inverse[:, own] = 0
