"""What a refitted layer is fitted to: the dense results without what is removed from them."""

from functools import partial
from typing import Any

import torch
from torch import Tensor, fx

from prunescope.recovery.least_squares.dense_targets import DenseTargets, Target
from prunescope.removal.selection import Selection


class StayingTargets:
    """Dense results, cut to the units that stay in the pruned network."""

    def __init__(self, targets: DenseTargets, removed: Selection | None) -> None:
        """Cut nothing yet.

        Args:
            targets: Of the dense network.
            removed: What leaves it; None where nothing does.
        """
        self._targets, self._removed = targets, removed

    def of(self, twin: fx.Node, other: fx.Node | None = None) -> list[Target]:
        """Return the dense results, batch by batch, without what is removed from them.

        Args:
            twin: A layer's node in the dense graph.
            other: With it, the values of that dense node at the same positions.
        """
        site = self._targets.sites[twin]
        read = twin if other is None else other
        if self._removed is None:
            return list(self._targets.of(site, read))
        dims = self._removed.coupling.walk.dims(read)
        touched = {axis for axis, dim in enumerate(dims) if self._removed.touches(dim)}
        channel = site.channel % len(dims)
        if touched - {channel}:
            without = partial(self._without, node=read)
            return list(self._targets.cut(site, read, without))
        targets = self._targets.of(site, read)
        if not touched:
            return list(targets)
        keep = self._keep(dims[channel], targets[0][1].shape[1])
        return [(chosen, goal.index_select(1, keep)) for chosen, goal in targets]

    def _without(self, value: Tensor, node: fx.Node) -> Tensor:
        """The dense result without what is removed from it."""
        assert self._removed is not None
        for axis, dim in enumerate(self._removed.coupling.walk.dims(node)):
            if self._removed.touches(dim):
                value = value.index_select(axis, self._keep(dim, value.shape[axis]))
        return value

    def _keep(self, dim: Any, size: int) -> Tensor:
        """The indices of a dimension of ``size`` that stay."""
        assert self._removed is not None
        keep = torch.from_numpy(self._removed.keep(dim))
        return keep.repeat(size // len(keep)).nonzero().flatten()
