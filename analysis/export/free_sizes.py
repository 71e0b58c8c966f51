"""A pruned network as a graph whose sizes are free where they are free in the model."""

import copy
from dataclasses import dataclass

from torch import nn

from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench
from prunescope.capture.free_dimensions import FreeDimension
from prunescope.capture.free_graph import FreeGraph, free_graph
from prunescope.capture.graph import Captured
from prunescope.coupling import Group, choose_heads, find_groups
from prunescope.errors import PrunescopeError
from prunescope.export.promise import Resized, outputs_of
from prunescope.export.verify_file import excess
from prunescope.removal import remove

_SAMPLES = 8


@dataclass(frozen=True)
class FreeSizes:
    """A pruned network with free sizes.

    Attributes:
        captured: The graph; its weights are the pruned network's own.
        dimensions: That are free besides the batch.
        resized: What it has to give at another size.
    """

    captured: Captured
    dimensions: tuple[FreeDimension, ...]
    resized: Resized


def with_free_sizes(
    bench: Workbench, selection: PruningMasks, pruned: Captured
) -> FreeSizes | None:
    """Return ``pruned`` with free sizes, or None where only its batch is free.

    The same units leave the dense graph with free sizes. What comes out must equal ``pruned`` at
    the studied size; at another one it must equal a third graph, captured at that size on its own,
    without the same units.

    Args:
        bench: Of the dense network.
        selection: Whose units are gone in ``pruned``.
        pruned: With its final weights.
    """
    graph = free_graph(bench.network)
    if graph is None:
        return None
    try:
        free = _pruned_alike(graph.captured, bench, selection, pruned.module)
        second = _pruned_alike(graph.second, bench, selection, pruned.module)
        if free is None or second is None:
            return None
        return _checked(graph, free, second, bench, pruned)
    except (PrunescopeError, RuntimeError, KeyError):  # its operators do not take the removal
        return None


def _pruned_alike(
    dense: Captured, bench: Workbench, selection: PruningMasks, pruned: nn.Module
) -> Captured | None:
    """``dense`` without the same units, and with the tensors of ``pruned``."""
    if selection.units:
        choose_heads(dense, bench.manifest.reference.heads)
        own = {group.name: _owned(group) for group in find_groups(dense).groups}
        if any(own.get(g.name) != _owned(g) for g in bench.groups if g.name in selection.units):
            return None
        smaller = remove(dense, selection.units)
    else:
        smaller = Captured(
            copy.deepcopy(dense.module), dense.example, dense.largest, free=dense.free
        )
    smaller.module.load_state_dict(pruned.state_dict(keep_vars=True), assign=True)
    return smaller


def _owned(group: Group) -> list[tuple[str, int, list[list[int]]]]:
    """Which indices of which tensors leave with each unit."""
    return [
        (member.parameter, member.dimension, [owned.tolist() for owned in member.indices])
        for member in group.members
    ]


def _checked(
    graph: FreeGraph, free: Captured, second: Captured, bench: Workbench, pruned: Captured
) -> FreeSizes | None:
    inputs = bench.splits.validation.chunk(0, _SAMPLES).inputs
    if excess(outputs_of(pruned.module, inputs), outputs_of(free.module, inputs)) > 1:
        return None
    other = graph.at_second_size(inputs)
    outputs = outputs_of(second.module, other)
    if excess(outputs, outputs_of(free.module, other)) > 1:
        return None
    words = ", ".join(map(str, graph.dimensions))
    return FreeSizes(free, graph.dimensions, Resized(other, outputs, words))
