"""Run a captured graph, or a plain module, as in training, on the same parameters."""

import contextlib
import copy
from collections.abc import Iterator
from typing import Final

import torch
from torch import fx, nn

_FLAGS: Final = ("training", "train")
"""Names of ATen's training flag, in the arguments of batch norm, dropout, ``rrelu``, LSTM ..."""
_MOMENTUM: Final = 0.1


@contextlib.contextmanager
def training(module: nn.Module) -> Iterator[nn.Module]:
    """Yield ``module`` as it behaves in training; both share every parameter and buffer.

    For a captured graph, that is a second graph with the training flags up; what the capture in
    evaluation mode left out (stochastic depth, the dropout inside attention) stays out. A plain
    module is put into training mode and its flags are put back after the block.
    """
    if isinstance(module, fx.GraphModule):
        yield with_flags(module, training=True)
        return
    flags = {submodule: submodule.training for submodule in module.modules()}
    module.train()
    try:
        yield module
    finally:
        for submodule, flag in flags.items():
            submodule.training = flag


def with_flags(module: fx.GraphModule, training: bool) -> fx.GraphModule:
    """Return a graph on the same parameters and buffers whose operators train, or evaluate.

    Args:
        module: A captured graph; not modified.
        training: In training, batch norms use their batch's statistics and update the running
            ones (with momentum 0.1 where the model keeps a cumulative average), and dropout drops.
            In evaluation neither; a batch norm without running statistics always uses its batch's.
    """
    graph = copy.deepcopy(module.graph)
    for node in graph.nodes:
        position = flag_place(node)
        if position is None or not (training or _can_evaluate(node)):
            continue
        node.args = (*node.args[:position], training, *node.args[position + 1 :])
        if training and _is_batch_norm(node) and node.args[6] == 0.0:
            node.args = (*node.args[:6], _MOMENTUM, *node.args[7:])
    return fx.GraphModule(module, graph)


def flag_place(node: fx.Node) -> int | None:
    """Return the position of the training flag among the node's arguments, or None."""
    if not isinstance(node.target, torch._ops.OpOverload):
        return None
    for position, argument in enumerate(node.target._schema.arguments):
        if argument.name in _FLAGS and position < len(node.args):
            return position
    return None


def _is_batch_norm(node: fx.Node) -> bool:
    return node.target is torch.ops.aten.batch_norm.default


def _can_evaluate(node: fx.Node) -> bool:
    return not _is_batch_norm(node) or node.args[3] is not None
