"""Refit a layer so that the values behind its activation are right, not those before it."""

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

    ``ROUNDS`` times: the goal of every output is set from where it lies now (``Tail.goals``), and
    the ridge regression towards these goals is solved with the same factors. What is added to the
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
    for part in rows:
        sums.add(part.inputs)
    moments, centred = sums.done(), site.offset is not None
    x = torch.cat([part.inputs for part in rows]).movedim(1, 0)
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
    moved, shift, present = torch.zeros_like(start), None, plain
    for _ in range(ROUNDS if tail.activation is not None else 1):
        lacking = state.goals(present) - plain
        by_group = lacking.reshape(-1, groups, outputs).movedim(1, 0)
        cross = (by_group.transpose(1, 2) @ x).double() / max(moments.rows, 1)
        lacking_mean = by_group.double().mean(1)
        if centred:
            cross = cross - lacking_mean.unsqueeze(2) * mean
        for part, system in systems:
            moved[:, :, part] = system.solve(cross[:, :, part] / len(systems))
        present = plain + torch.einsum("gri,goi->rgo", x, moved.to(x.dtype)).flatten(1)
        if centred:
            shift = (lacking_mean - (moved * mean).sum(2)).flatten()
            present = present + shift.to(present.dtype)
    return start + moved, shift


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
        value = outputs
        if self.scale is not None and self.shift is not None:
            value = value * self.scale + self.shift
        value = value if self.added is None else value + self.added
        goal = self.tail.goals(self.target, value)
        goal = goal if self.added is None else goal - self.added
        if self.scale is None or self.shift is None:
            return goal
        dead = self.scale == 0  # such a norm gives the same whatever the layer does
        return torch.where(dead, outputs, (goal - self.shift) / self.scale.where(~dead, 1.0))
