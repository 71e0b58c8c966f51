"""What a rewriter of operators works with: the smaller graph, and what stays of each dimension."""

import operator
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from prunescope.arrays import Flags
from prunescope.coupling.labels import Dim
from prunescope.removal.selection import Selection


class Rewrite:
    """The smaller graph, and which indices of each dimension are kept."""

    def __init__(self, selection: Selection, module: nn.Module, graph: fx.Graph) -> None:
        self.selection = selection
        self.module = module
        self.graph = graph
        self._buffers = 0

    def dims(self, node: object) -> tuple[Dim, ...]:
        """Return the dimensions that ``node`` had before the removal."""
        return self.selection.coupling.walk.dims(node)

    def outputs(self, node: fx.Node) -> list[tuple[Dim, ...]]:
        """Return the dimensions of the list of tensors that ``node`` gave."""
        value = self.selection.coupling.walk.values[node]
        return value if isinstance(value, list) else []

    def number(self, value: Any) -> Any:
        """Return ``value`` with symbolic sizes evaluated at the walk's batch."""
        return self.selection.coupling.walk.number(value)

    def full(self, dim: Dim) -> Flags:
        """Return which indices of ``dim`` stay, for every index."""
        if dim.labels is None:
            return np.ones(dim.size, bool)
        return np.tile(self.selection.keep(dim), dim.size // len(dim.labels))

    def resized(self, size: Any, dim: Dim, before: fx.Node) -> Any:
        """Return ``size`` (a number or a node) of ``dim`` after the removal."""
        if not self.selection.touches(dim) or size == -1:
            return size
        assert dim.labels is not None
        left, period = self.selection.count(dim), len(dim.labels)
        if not isinstance(size, fx.Node):
            return int(size) // period * left
        graph = self.graph
        if size.target is operator.mul and isinstance(size.args[1], int):
            factor = size.args[1]
            if factor % period == 0:
                with graph.inserting_before(before):
                    return graph.call_function(
                        operator.mul, (size.args[0], factor // period * left)
                    )
        with graph.inserting_before(before):
            product = graph.call_function(operator.mul, (size, left))
            return graph.call_function(operator.floordiv, (product, period))

    def constant(self, tensor: torch.Tensor, before: fx.Node) -> fx.Node:
        """Register a buffer that is not saved, and return the node that reads it."""
        name = f"_kept_{self._buffers}"
        while hasattr(self.module, name):
            self._buffers += 1
            name = f"_kept_{self._buffers}"
        weights = next(self.module.parameters(), None)
        tensor = tensor if weights is None else tensor.to(weights.device)
        self.module.register_buffer(name, tensor, persistent=False)
        with self.graph.inserting_before(before):
            return self.graph.get_attr(name)
