"""Insert a multiplier per unit before its readers, for Taylor, Fisher and activation scores."""

import copy
import operator

import numpy as np
import torch
from torch import fx, nn

from prunescope.capture.graph import Captured
from prunescope.coupling import Group, find_groups
from prunescope.coupling.labels import Dim, Labels

GATE = "gate"


def gated(captured: Captured, group: Group | str) -> fx.GraphModule:
    """Return the network with a parameter ``gate`` of ones, one multiplier for each unit.

    Every operator that mixes the units (a convolution, a product, a sum, a norm over them)
    reads them times their gate; gate 0 silences a unit, as removal does (except for
    ``normalised`` groups, where a norm would still count it). The gradient of a loss for the
    gate, at ones, is the first-order effect of removing each unit. The tensors are shared with
    ``captured``. The hidden state of a recurrent operator is gated at the matrix that reads it.
    """
    coupling = find_groups(captured)
    if isinstance(group, str):
        group = coupling.group(group)
    module = copy.deepcopy(captured.module, {id(t): t for t in _tensors(captured.module)})
    module.register_parameter(GATE, nn.Parameter(_ones(module, group.units)))
    nodes = dict(zip(captured.module.graph.nodes, list(module.graph.nodes), strict=True))
    owner = _owners(coupling.solved.unit, group)
    with module.graph.inserting_before(next(iter(module.graph.nodes))):
        gate = module.graph.get_attr(GATE)
    walk, count = coupling.walk, 0
    for read in dict.fromkeys(walk.reads):
        dims = walk.dims(read.source)
        dim = dims[read.dimension]
        if (walk.weight(read.source) and not read.own_state) or dim.labels is None:
            continue
        units = _units(dim, owner)
        if (units < 0).all():
            continue
        reader, source = nodes[read.node], nodes[read.source]
        with module.graph.inserting_before(reader):
            folded = (source, read.dimension) if dim.size != len(units) else None
            factor = _factor(module, gate, units, len(dims) - 1 - read.dimension, count, folded)
            product = module.graph.call_function(torch.ops.aten.mul.Tensor, (source, factor))
        reader.replace_input_with(source, product)
        count += 1
    module.graph.lint()
    module.recompile()
    return module


def _owners(unit: Labels, group: Group) -> Labels:
    """For each unit number, its position in the group, or -1."""
    positions = np.full(int(unit.max()) + 1, -1, np.int64)
    positions[group.ids] = np.arange(group.units)
    return positions[unit]


def _units(dim: Dim, owner: Labels) -> Labels:
    assert dim.labels is not None
    return np.where(dim.labels < 0, -1, owner[np.maximum(dim.labels, 0)])


def _factor(
    module: fx.GraphModule,
    gate: fx.Node,
    units: Labels,
    behind: int,
    constant_count: int,
    folded: tuple[fx.Node, int] | None,
) -> fx.Node:
    """The gates spread over one dimension; indices of other groups read a constant one.

    Where the batch is ``folded`` into the dimension, outermost, they repeat for every sample.
    """
    graph = module.graph
    index = torch.from_numpy(np.where(units < 0, 0, units))
    module.register_buffer(f"_gate_unit_{constant_count}", index, persistent=False)
    spread = graph.call_function(
        torch.ops.aten.index_select.default,
        (gate, 0, graph.get_attr(f"_gate_unit_{constant_count}")),
    )
    if (units < 0).any():
        own = torch.from_numpy(units >= 0)
        module.register_buffer(f"_gate_own_{constant_count}", own, persistent=False)
        ones = graph.call_function(torch.ops.aten.ones_like.default, (spread,))
        spread = graph.call_function(
            torch.ops.aten.where.self, (graph.get_attr(f"_gate_own_{constant_count}"), spread, ones)
        )
    length: int | fx.Node = len(units)
    if folded is not None:
        length = graph.call_function(torch.ops.aten.sym_size.int, folded)
        times = graph.call_function(operator.floordiv, (length, len(units)))
        spread = graph.call_function(torch.ops.aten.repeat.default, (spread, [times]))
    shape = [length] + [1] * behind
    return graph.call_function(torch.ops.aten.reshape.default, (spread, shape))


def _tensors(module: nn.Module) -> list[torch.Tensor]:
    return [*module.parameters(), *module.buffers()]


def _ones(module: nn.Module, count: int) -> torch.Tensor:
    """Ones of the type and on the device of the first parameter."""
    for parameter in module.parameters():
        if parameter.is_floating_point():
            return torch.ones(count, dtype=parameter.dtype, device=parameter.device)
    return torch.ones(count)
