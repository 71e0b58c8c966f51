"""Refit a layer so that the values behind its activation are right, not those before it."""

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from prunescope.moments.second_moments import MomentSums, blocks
from prunescope.moments.weight_operators import Site
from prunescope.recovery.least_squares.ridge import RidgeSystem
from prunescope.recovery.least_squares.tails import Tail

ROUNDS: Final = 5


@dataclass(frozen=True, eq=False)
class Rows:
    """What is known of a layer at the positions of one batch.

    Attributes:
        inputs: ``(rows, groups, inputs)``, of the pruned network.
        target: ``(rows, outputs)``, the dense outputs.
        added: ``(rows, outputs)``, what the pruned network adds to the outputs; None for nothing.
        added_dense: The same of the dense network.
        bias: ``(outputs,)`` or None.
    """

    inputs: Tensor
    target: Tensor
    added: Tensor | None = None
    added_dense: Tensor | None = None
    bias: Tensor | None = None


def refit_through(
    site: Site,
    rows: list[Rows],
    tail: Tail,
    scale_and_shift: tuple[Tensor, Tensor] | None,
    start: Tensor,
    keep: Tensor | None,
) -> tuple[Tensor, Tensor | None]:
    """Return the refitted matrix, and the shift of the outputs that goes with it.

    First towards the dense inputs of the activation. Then ``ROUNDS`` times the goal of every output
    is set from where it lies now (``Tail.goals``), and the ridge regression towards these goals is
    solved with the same factors. Every output takes the round with the smallest squared error
    behind the activation, so it is never worse there than without rounds. What is added to the
    outputs counts: the layer also makes up for what the other operand of a sum lacks.

    Args:
        site: The layer.
        rows: Batch by batch.
        tail: What follows it.
        scale_and_shift: Of the batch norm in ``tail``.
        start: ``(groups, outputs, inputs)`` float64, the weights so far, to which the ridge pulls.
        keep: Like ``start``, which weights may differ from 0; None for all.

    Source: Zhang et al. 2015 (arXiv 1505.06798), sections 2.2 and 2.3: a nonlinear, asymmetric
    reconstruction. Here in closed form per round, and through sums.
    """
    groups, outputs, _ = start.shape
    sums = MomentSums(site)
    for batch in rows:
        sums.add(batch.inputs)
    moments, centred = sums.done(), site.offset is not None
    x = torch.cat([batch.inputs for batch in rows]).movedim(1, 0)
    state = _State.of(rows, tail, scale_and_shift)
    plain = torch.einsum("gri,goi->rgo", x, start.to(x.dtype)).flatten(1)
    plain = plain if rows[0].bias is None else plain + rows[0].bias.to(plain.dtype)
    mean = moments.mean.unsqueeze(1)
    systems = []
    for index, part in enumerate(blocks(site.width)):
        gram = moments.second[index]
        if centred:
            gram = gram - mean[:, :, part].transpose(1, 2) * mean[:, :, part]
        systems.append((part, RidgeSystem(gram, None if keep is None else keep[:, :, part])))
    best, present = _Best(start, centred), plain
    moved, shift = torch.zeros_like(start), start.new_zeros(groups * outputs) if centred else None
    for round_ in range(1 + ROUNDS * (tail.activation is not None)):
        lacking = (state.goals(present) if round_ else state.dense(plain)) - present
        by_group = lacking.reshape(-1, groups, outputs).movedim(1, 0)
        cross = (by_group.transpose(1, 2) @ x).double() / max(moments.rows, 1)
        lacking_mean = by_group.double().mean(1)
        if centred:
            cross = cross - lacking_mean.unsqueeze(2) * mean
        step = torch.zeros_like(start)
        for part, system in systems:
            step[:, :, part] = system.solve(cross[:, :, part] / len(systems))
        moved = moved + step
        present = present + torch.einsum("gri,goi->rgo", x, step.to(x.dtype)).flatten(1)
        if shift is not None:
            level = (lacking_mean - (step * mean).sum(2)).flatten()
            shift, present = shift + level, present + level.to(present.dtype)
        best.offer(moved, shift, state.errors(present))
    return start + best.moved, best.shift


class _Best:
    """For each output, the round that came closest."""

    def __init__(self, start: Tensor, centred: bool) -> None:
        count = start.shape[0] * start.shape[1]
        self.moved = torch.zeros_like(start)
        self.shift = start.new_zeros(count) if centred else None
        self._errors = torch.full((count,), math.inf, dtype=torch.float64)

    def offer(self, moved: Tensor, shift: Tensor | None, errors: Tensor) -> None:
        """Take over the outputs whose ``errors`` are the smallest so far."""
        better = errors < self._errors
        self._errors = torch.where(better, errors, self._errors)
        self.moved = torch.where(better.reshape(*moved.shape[:2], 1), moved, self.moved)
        if self.shift is not None and shift is not None:
            self.shift = torch.where(better, shift, self.shift)


@dataclass(frozen=True, eq=False)
class _State:
    """Dense and pruned values between a layer and its activation."""

    tail: Tail
    scale: Tensor | None
    shift: Tensor | None
    target: Tensor
    added: Tensor | None

    @classmethod
    def of(cls, rows: list[Rows], tail: Tail, norm: tuple[Tensor, Tensor] | None) -> "_State":
        scale, shift = norm if norm is not None else (None, None)
        target = torch.cat([part.target for part in rows]).to(rows[0].inputs.dtype)
        if scale is not None and shift is not None:
            target = target * scale + shift
        added = added_dense = None
        if rows[0].added is not None:
            added = torch.cat([part.added for part in rows if part.added is not None])
            added_dense = torch.cat([r.added_dense for r in rows if r.added_dense is not None])
            target = target + added_dense
        return cls(tail, scale, shift, target, added)

    def goals(self, outputs: Tensor) -> Tensor:
        """The outputs that the layer should have instead of ``outputs``."""
        return self._before(self.tail.goals(self.target, self._behind(outputs)), outputs)

    def dense(self, outputs: Tensor) -> Tensor:
        """The outputs that give the dense inputs of the activation."""
        return self._before(self.target, outputs)

    def errors(self, outputs: Tensor) -> Tensor:
        """The squared error behind the activation, ``(outputs,)`` float64."""
        gap = self.tail.value(self._behind(outputs)) - self.tail.value(self.target)
        return gap.double().square().sum(0)

    def _behind(self, outputs: Tensor) -> Tensor:
        """The inputs of the activation that ``outputs`` give."""
        value = outputs
        if self.scale is not None and self.shift is not None:
            value = value * self.scale + self.shift
        return value if self.added is None else value + self.added

    def _before(self, goal: Tensor, outputs: Tensor) -> Tensor:
        """The outputs that give ``goal`` as inputs of the activation."""
        goal = goal if self.added is None else goal - self.added
        if self.scale is None or self.shift is None:
            return goal
        dead = self.scale == 0  # such a norm gives the same whatever the layer does
        return torch.where(dead, outputs, (goal - self.shift) / self.scale.where(~dead, 1.0))
